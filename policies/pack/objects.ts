import { z } from "zod";
import { adapters } from "../../traffic/adapters";

/** Types of the resources that a release channel is made of. */
export const types = {
  channel: "release-channels:index:ReleaseChannel",
  migration: "release-channels:index:MigrationJob",
  deployment: "kubernetes:apps/v1:Deployment",
  job: "kubernetes:batch/v1:Job",
  configMap: "kubernetes:core/v1:ConfigMap",
  service: "kubernetes:core/v1:Service",
  autoscaler: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
  budget: "kubernetes:policy/v1:PodDisruptionBudget",
  serviceAccount: "kubernetes:core/v1:ServiceAccount",
  provider: "pulumi:providers:kubernetes",
  command: "command:local:Command",
  stash: "pulumi:index:Stash",
} as const;

/** What traffic adapters write to the cluster. */
export const routeTypes: readonly string[] = Object.values(adapters).flatMap(({ objects, written }) =>
  objects.length === 0 ? [] : written.map(({ type }) => type),
);

/** What a release channel is made of in the cluster. */
export const ownTypes: readonly string[] = [
  types.deployment,
  types.job,
  types.configMap,
  types.service,
  types.budget,
  types.autoscaler,
  types.serviceAccount,
  ...routeTypes,
];

const text = z.record(z.string(), z.string());

/** As a user writes them, and as the engine may fill them in: what policies do not look at is left out. */
export const object = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: text.default({}),
    annotations: text.default({}),
  }),
});

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).default({});

const seccompProfile = z.object({ type: z.string() });

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  resources: z.object({ requests: quantities, limits: quantities }).prefault({}),
  readinessProbe: z.unknown().optional(),
  ports: z.array(z.object({ hostPort: z.number().optional() })).default([]),
  securityContext: z
    .object({
      allowPrivilegeEscalation: z.boolean().default(true),
      privileged: z.boolean().default(false),
      runAsNonRoot: z.boolean().optional(),
      seccompProfile: seccompProfile.optional(),
      procMount: z.string().default("Default"),
      capabilities: z
        .object({ drop: z.array(z.string()).default([]), add: z.array(z.string()).default([]) })
        .prefault({}),
    })
    .prefault({}),
});
export type Container = z.infer<typeof container>;

const pod = z.object({
  containers: z.array(container),
  initContainers: z.array(container).default([]),
  automountServiceAccountToken: z.boolean().default(true),
  hostNetwork: z.boolean().default(false),
  hostPID: z.boolean().default(false),
  hostIPC: z.boolean().default(false),
  volumes: z
    .array(
      z.looseObject({
        hostPath: z.unknown().optional(),
        projected: z
          .object({
            sources: z.array(z.object({ serviceAccountToken: z.unknown().optional() })).default([]),
          })
          .optional(),
      }),
    )
    .default([]),
  securityContext: z
    .object({
      runAsNonRoot: z.boolean().default(false),
      seccompProfile: seccompProfile.optional(),
      sysctls: z.array(z.object({ name: z.string() })).default([]),
    })
    .prefault({}),
});
export type Pod = z.infer<typeof pod>;

const template = z.object({ metadata: z.object({ labels: text.default({}) }).prefault({}), spec: pod });

/** A Deployment or a Job. */
export const workload = object.extend({ spec: z.object({ template }) });
export type Workload = z.infer<typeof workload>;

export const deployment = object.extend({
  spec: z.object({
    replicas: z.int().default(1),
    template,
    strategy: z
      .object({
        type: z.string().default("RollingUpdate"),
        rollingUpdate: z
          .object({ maxUnavailable: z.union([z.string(), z.number()]).default("25%") })
          .prefault({}),
      })
      .prefault({}),
  }),
});

export const autoscaler = object.extend({
  spec: z.object({
    scaleTargetRef: z.object({ kind: z.string(), name: z.string() }),
    minReplicas: z.int().default(1),
    maxReplicas: z.int(),
  }),
});

export const configMap = object.extend({
  immutable: z.boolean().default(false),
  data: text.default({}),
  binaryData: text.default({}),
});

export const service = object.extend({
  spec: z.object({
    type: z.string().default("ClusterIP"),
    selector: text.default({}),
    externalName: z.string().optional(),
    externalIPs: z.array(z.string()).default([]),
    sessionAffinity: z.string().default("None"),
  }),
});

export function containersOf({ spec }: Workload): Container[] {
  return [...spec.template.spec.initContainers, ...spec.template.spec.containers];
}
