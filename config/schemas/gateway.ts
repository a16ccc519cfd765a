import { z } from "zod";
import { commandAdapter } from "./command-adapter";
import { dnsLabel, hostname, webAddress } from "./names";

/**
 * The traffic adapters, and what a channel may ask of each: cohorts, session affinity (which it may still refuse),
 * and whether it attaches to a Gateway of the cluster. What they do is in `traffic/`.
 */
const adapters = {
  "gateway-api": { cohorts: true, affinity: true, attaches: true },
  command: { cohorts: false, affinity: false, attaches: false },
} satisfies Record<string, Record<"cohorts" | "affinity" | "attaches", boolean>>;

export type AdapterName = keyof typeof adapters;
const adapterNames = Object.keys(adapters) as [AdapterName, ...AdapterName[]];

export const gateway = z.strictObject({
  /** How weights are given. */
  adapter: z.enum(adapterNames).default("gateway-api"),
  /** What is run to read and give weights, by the adapter `command`. */
  command: commandAdapter.optional(),
  /** The shared Gateway; empty where the adapter attaches to none. */
  name: dnsLabel().default(""),
  namespace: dnsLabel().default(""),
  /** The Gateway's listener to attach to; all of them where it is left out. */
  listener: z.string().min(1).optional(),
  hostnames: z.array(hostname).min(1),
  /** Those of gRPC services; needed beside HTTP ones, because a host name takes routes of one kind only. */
  grpcHostnames: z.array(hostname).min(1).optional(),
  /** Where the gateway answers the machine that runs Pulumi; of each replica, where they can be told apart. */
  url: z.union([webAddress, z.array(webAddress).min(1).max(20)], {
    error: "expected an address such as http://127.0.0.1:9090, or a list of at most 20",
  }),
  /** Response header in which every service answers its RELEASE_ID: how the data plane is believed. */
  releaseHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, { error: "expected a header name" })
    .default("x-release"),
  /** Keeps a session at the pods it began with; refused with the gateway's name where it cannot be had. */
  affinity: z.literal("cookie").optional(),
});

export type GatewaySection = z.infer<typeof gateway>;

/** What the adapter needs is there, and nothing is asked of it that it cannot do. */
export function checkGateway(
  section: GatewaySection,
  cohorts: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
): void {
  const { adapter } = section;
  const can = adapters[adapter];
  const refuse = (path: string[], message: string, input?: unknown) =>
    context.addIssue({ code: "custom", path, message, input });
  const without = `the traffic adapter \`${adapter}\` has none (key channel.gateway.adapter)`;
  if (!can.cohorts && Object.keys(cohorts).length > 0) {
    refuse(["cohorts"], `expected no cohorts: ${without}`, Object.keys(cohorts));
  }
  if (!can.affinity && section.affinity !== undefined) {
    refuse(["gateway", "affinity"], `expected no session affinity: ${without}`, section.affinity);
  }
  if (adapter === "command" && section.command === undefined) {
    refuse(["gateway", "command"], "expected `apply` and `read`, the commands that give and read weights");
  }
  if (adapter !== "command" && section.command !== undefined) {
    refuse(["gateway", "command"], "expected it with `adapter: command` only", section.command);
  }
  for (const field of ["name", "namespace", "listener"] as const) {
    const given = section[field];
    if (can.attaches && given === "") {
      refuse(["gateway", field], "expected text: the shared Gateway that the routes attach to");
    }
    if (!can.attaches && given !== undefined && given !== "") {
      refuse(["gateway", field], `expected no Gateway: ${without}`, given);
    }
  }
}
