import { z } from "zod";
import { command, ledgerSpec, migrationSpec, reconciliationSpec } from "./migration";
import {
  absolutePath,
  dnsLabel,
  environment,
  imageByDigest,
  port,
  semanticVersion,
  versionRange,
} from "./names";

const probe = z.strictObject({
  path: absolutePath,
  port,
  /** How often the kubelet asks. */
  periodSeconds: z.int().min(1).default(2),
  failureThreshold: z.int().min(1).default(3),
  /** How long an answer may take; Kubernetes' own default is one second. */
  timeoutSeconds: z.int().min(1).optional(),
});

/** The name of a gRPC service with its package, and of a method of it. */
const grpcPath = /^\/([A-Za-z_][\w.]*)?$/;
const grpcMethod = /^\/[A-Za-z_][\w.]*\/[A-Za-z_]\w*$/;

function checkGrpc(
  { protocol, path, probePath }: { protocol?: string; path: string; probePath?: string },
  context: z.core.$RefinementCtx,
): void {
  if (protocol === undefined) return;
  const refuse = (field: string, message: string, input: unknown) =>
    context.addIssue({ code: "custom", path: [field], message, input });
  if (!grpcPath.test(path)) {
    refuse("path", "expected `/`, or `/` and a gRPC service, as in /shop.v1.Orders", path);
  }
  const below = path === "/" ? path : `${path}/`;
  if (probePath === undefined && path !== "/") {
    refuse("probePath", `expected a unary method below \`path\`, as in ${below}Ping`, undefined);
  }
  if (probePath !== undefined && !(grpcMethod.test(probePath) && probePath.startsWith(below))) {
    refuse(
      "probePath",
      `expected a unary method, as in ${path === "/" ? "/shop.v1.Orders/" : below}Ping`,
      probePath,
    );
  }
}

export const serviceSpec = z.strictObject({
  image: imageByDigest,
  command: command.optional(),
  args: z.array(z.string()).optional(),
  /** Without it the service gets its share by replicas instead of by weights. */
  http: z
    .strictObject({
      port,
      /** Of HTTP/2 without TLS; HTTP/1.1 where it is left out. */
      protocol: z.literal("grpc").optional(),
      path: absolutePath.default("/"),
      /** What the data plane is asked for; an answer of any status counts, if it names the release. */
      probePath: absolutePath.optional(),
    })
    .superRefine(checkGrpc)
    .optional(),
  probes: z.strictObject({ readiness: probe, liveness: probe.optional(), startup: probe.optional() }),
  /** Services of the same release that come before it: on a raise they are ready, and their routes moved, first. */
  after: z.array(dnsLabel(30)).min(1).optional(),
  metrics: z.strictObject({ port, path: absolutePath.default("/metrics") }).optional(),
  env: environment.default({}),
});

type Ordered = Readonly<Record<string, { after?: string[] | undefined }>>;

/** Refuses what no order can keep. */
function checkOrder(services: Ordered, context: z.RefinementCtx): void {
  for (const [name, { after = [] }] of Object.entries(services)) {
    after.forEach((other, index) => {
      const refuse = (message: string) =>
        context.addIssue({ code: "custom", path: [name, "after", index], message, input: other });
      if (services[other] === undefined) {
        refuse(`expected a service of this release: ${Object.keys(services).join(", ")}`);
      } else if (other === name) {
        refuse("expected another service: none comes after itself");
      } else if (comesAfter(other, name, services)) {
        refuse(`expected an order without a circle: ${other} comes after ${name}`);
      }
    });
  }
}

function comesAfter(name: string, wanted: string, services: Ordered, seen = new Set<string>()): boolean {
  if (seen.has(name)) return false;
  seen.add(name);
  return (services[name]?.after ?? []).some(
    (other) => other === wanted || comesAfter(other, wanted, services, seen),
  );
}

export const dataSpec = z.strictObject({
  writes: z.int().min(0),
  reads: z.array(z.int().min(0)).min(1),
  /** The schema that the next release is going to write; one more than `writes` where it is left out. */
  next: z.int().min(0).optional(),
});
export type DataSpec = z.infer<typeof dataSpec>;

/** Name → range of versions, as in `^2.1.0`. */
const versionRanges = z.record(dnsLabel(40), versionRange);

const changeNotes = z.array(z.string()).default([]);

/** `releases/<version>.yaml`: what is released. */
export const releaseFile = z.strictObject({
  version: semanticVersion,
  product: dnsLabel(20),
  services: z
    .record(dnsLabel(30), serviceSpec)
    .refine((services) => Object.keys(services).length > 0, { error: "expected at least one service" })
    .superRefine(checkOrder),
  /** Versions of the data schema this release writes, and those it can read. */
  data: dataSpec.optional(),
  /** Plugins have versions of their own: those this release works with. Without a default, so that hashes stay. */
  plugins: versionRanges.optional(),
  /** The same of other products and services that this one talks to. */
  peers: versionRanges.optional(),
  migrations: z
    .array(migrationSpec)
    .default([])
    .refine((list) => new Set(list.map((entry) => entry.id)).size === list.length, {
      error: "expected each migration id once",
    }),
  reconciliation: reconciliationSpec.optional(),
  ledger: ledgerSpec.optional(),
  changes: z
    .strictObject({
      added: changeNotes,
      changed: changeNotes,
      deprecated: changeNotes,
      removed: changeNotes,
      fixed: changeNotes,
      security: changeNotes,
    })
    .prefault({}),
});

export type ReleaseFile = z.infer<typeof releaseFile>;
export type ServiceSpec = z.infer<typeof serviceSpec>;
