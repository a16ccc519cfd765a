import { isOwn } from "../rollout/labels";
import type { LiveTraffic } from "../rollout/live";
import { ask, type Cluster } from "./kubernetes";

/** A channel's Deployments: the pods each is asked to have, and whose autoscaler decides on that if not its own. */
export async function observeWorkloads(
  cluster: Cluster,
  namespace: string,
  channel: string,
  labelSelector: string,
): Promise<NonNullable<LiveTraffic["workloads"]>> {
  const [deployments, autoscalers] = await Promise.all([
    ask(cluster, `Deployments in ${namespace}`, (options) =>
      cluster.apps.listNamespacedDeployment({ namespace, labelSelector }, options),
    ),
    ask(cluster, `HorizontalPodAutoscalers in ${namespace}`, (options) =>
      cluster.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace }, options),
    ),
  ]);
  const foreign = (autoscalers?.items ?? []).filter(({ metadata }) => !isOwn(metadata?.labels, channel));
  const named = (deployments?.items ?? []).flatMap(({ metadata, spec }) =>
    metadata?.name === undefined ? [] : [{ name: metadata.name, replicas: spec?.replicas ?? 1 }],
  );
  return Object.fromEntries(
    named.map(({ name, replicas }) => {
      const scaler = foreign.find(
        ({ spec }) => spec?.scaleTargetRef.kind === "Deployment" && spec.scaleTargetRef.name === name,
      );
      const scaledBy = scaler?.metadata?.name;
      return [name, { replicas, ...(scaledBy === undefined ? {} : { scaledBy }) }];
    }),
  );
}
