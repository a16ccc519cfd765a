import type { ConfigurationOptions, KubernetesObject } from "@kubernetes/client-node";
import { UserError } from "../config/load/problems";
import { isOwn, labelKeys, managedBy } from "../rollout/labels";
import type { TransitionKind } from "../rollout/record";
import type { RouteObjects } from "../traffic/adapter";
import { ask, type Cluster } from "./kubernetes";

type Kind =
  | "Deployment"
  | "HorizontalPodAutoscaler"
  | "Service"
  | "ConfigMap"
  | "PodDisruptionBudget"
  | "Job"
  | "ServiceAccount";

/** Kind → names of the objects an update is about to write; those of its routes are of the adapter's kind. */
export type ObjectNames = Readonly<Record<Kind | "routes", readonly string[]>>;

type List = (options: ConfigurationOptions) => Promise<{ items: KubernetesObject[] }>;

export interface ObjectsToWrite {
  names: ObjectNames;
  /** What the channel's traffic adapter writes to the cluster. */
  routes: readonly RouteObjects[];
  /** Kind → names of the objects that the state has. */
  remembered: Readonly<Record<string, readonly string[]>>;
  /** Of the update's transition. */
  kind: TransitionKind;
}

/**
 * Creates are upserts, so that a crashed update can be repeated: make sure first that no object of somebody
 * else's bears one of our names. And what somebody has deleted the engine would try to change.
 * @throws {UserError} naming the objects, before anything is changed.
 */
export async function refuseObjects(
  cluster: Cluster,
  namespace: string,
  channel: string,
  { names, routes, remembered, kind: transition }: ObjectsToWrite,
): Promise<void> {
  const lists: Record<Kind, List> = {
    Deployment: (options) => cluster.apps.listNamespacedDeployment({ namespace }, options),
    HorizontalPodAutoscaler: (options) =>
      cluster.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace }, options),
    Service: (options) => cluster.core.listNamespacedService({ namespace }, options),
    ConfigMap: () => configMaps(cluster, namespace, names.ConfigMap),
    PodDisruptionBudget: (options) =>
      cluster.policy.listNamespacedPodDisruptionBudget({ namespace }, options),
    Job: (options) => cluster.batch.listNamespacedJob({ namespace }, options),
    ServiceAccount: (options) => cluster.core.listNamespacedServiceAccount({ namespace }, options),
  };
  const written = [
    ...(Object.keys(lists) as Kind[]).map((kind) => ({ kind, wanted: names[kind], list: lists[kind] })),
    ...routes.map((one) => routeObjects(one, names.routes, cluster, namespace)),
  ];
  const exists = await ask(cluster, `namespace ${namespace}`, (options) =>
    cluster.core.readNamespace({ name: namespace }, options),
  );
  if (exists === null) {
    throw new UserError(
      `The namespace ${namespace} does not exist in the cluster ${cluster.server} (key channel.namespace): create it, or name the one to use.`,
    );
  }
  const present = await Promise.all(
    written
      .filter(({ wanted }) => wanted.length > 0)
      .map(async ({ kind, wanted, list }) => {
        const answer = await ask(cluster, `${kind}s in ${namespace}`, list);
        const items = (answer?.items ?? []).filter(({ metadata }) => wanted.includes(metadata?.name ?? ""));
        return { kind, wanted, items };
      }),
  );
  const found = present.flatMap(({ kind, items }) =>
    items
      .filter(({ metadata }) => !isOwn(metadata?.labels, channel))
      .map(({ metadata }) => `${kind} ${namespace}/${metadata?.name}`),
  );
  if (found.length > 0) {
    throw new UserError(
      [
        "Objects that this channel does not own bear names it needs; nothing was changed:",
        ...found.map((object) => `  ${object}`),
        `To hand one over, label it ${labelKeys.managedBy}=${managedBy} and ${labelKeys.channel}=${channel}; else rename or delete it.`,
      ].join("\n"),
    );
  }
  // Jobs that ran are not written again. A rollback waits only for what has to take its traffic.
  const deleted = present
    .filter(({ kind }) =>
      transition === "rollback" ? routes.some((one) => one.kind === kind) : kind !== "Job",
    )
    .flatMap(({ kind, wanted, items }) => {
      const live = items.map(({ metadata }) => metadata?.name);
      return (remembered[kind] ?? [])
        .filter((name) => wanted.includes(name) && !live.includes(name))
        .map((name) => `${kind} ${namespace}/${name}`);
    });
  if (deleted.length > 0) {
    throw new UserError(
      [
        "Objects of this channel were deleted from the cluster, and the stack's state still has them; nothing was changed:",
        ...deleted.map((object) => `  ${object}`),
        "`pulumi refresh` takes note of that; the next `pulumi up` then creates them again, as they are recorded.",
      ].join("\n"),
    );
  }
}

/** By their names: beside them lie all pieces of evidence that the channel has ever left. */
async function configMaps(
  cluster: Cluster,
  namespace: string,
  names: readonly string[],
): Promise<{ items: KubernetesObject[] }> {
  const found = await Promise.all(
    names.map((name) =>
      ask(cluster, `ConfigMap ${namespace}/${name}`, (options) =>
        cluster.core.readNamespacedConfigMap({ namespace, name }, options),
      ),
    ),
  );
  return { items: found.filter((one) => one !== null) };
}

function routeObjects(
  { kind, list }: RouteObjects,
  wanted: readonly string[],
  cluster: Cluster,
  namespace: string,
): { kind: string; wanted: readonly string[]; list: List } {
  return { kind, wanted, list: (options) => list(cluster, namespace, options) };
}
