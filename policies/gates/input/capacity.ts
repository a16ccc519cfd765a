import { z } from "zod";
import { source } from "./source";

/** Amounts as Kubernetes writes them, by resource. */
const amounts = z.record(z.string(), z.string());

const quota = z.object({
  name: z.string(),
  hard: amounts,
  used: amounts,
  /** Which pods it counts; all where there are none. All of them have to apply. */
  scopes: z.array(z.object({ scope: z.string(), operator: z.string(), values: z.array(z.string()) })),
});
export type Quota = z.infer<typeof quota>;

/** What a node that takes new pods has left, by the requests of the pods on it. */
const nodeRoom = z.object({
  name: z.string(),
  cpuMillicores: z.int(),
  memoryBytes: z.int(),
  pods: z.int(),
});
export type NodeRoom = z.infer<typeof nodeRoom>;

/** Room for the pods of a step: in the namespace, and on the nodes. */
export const capacitySource = source({
  quotas: z.array(quota),
  /** What containers get that do not say it themselves, from the namespace's LimitRanges. */
  defaults: z.object({ requests: amounts, limits: amounts }),
  nodes: z.discriminatedUnion("status", [
    /** The channel does not ask for it. */
    z.object({ status: z.literal("not-asked") }),
    z.object({ status: z.literal("unavailable"), problem: z.string() }),
    z.object({ status: z.literal("known"), room: z.array(nodeRoom) }),
  ]),
});
export type CapacitySource = z.infer<typeof capacitySource>;
