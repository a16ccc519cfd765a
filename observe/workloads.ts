import { UserError } from "../config/load/problems";
import { isOwn } from "../rollout/labels";
import type { LiveTraffic } from "../rollout/live";
import { ask, type Cluster } from "./kubernetes";

/** A channel's Deployments: the pods each is asked to have, and whose autoscaler decides on that if not its own. */
export async function observeWorkloads(
  cluster: Cluster,
  namespace: string,
  channel: string,
  labelSelector: string,
): Promise<Pick<LiveTraffic, "workloads" | "autoscalersUnread">> {
  const [deployments, autoscalers] = await Promise.all([
    ask(cluster, `Deployments in ${namespace}`, (options) =>
      cluster.apps.listNamespacedDeployment({ namespace, labelSelector }, options),
    ),
    foreignAutoscalers(cluster, namespace, channel),
  ]);
  const { foreign, unread } = autoscalers;
  const named = (deployments?.items ?? []).flatMap(({ metadata, spec, status }) => {
    const replicas = spec?.replicas ?? 1;
    const ready = status?.readyReplicas ?? 0;
    return metadata?.name === undefined ? [] : [{ name: metadata.name, replicas, ready }];
  });
  const workloads = Object.fromEntries(
    named.map(({ name, replicas, ready }) => {
      const scaler = foreign.find(
        ({ spec }) => spec?.scaleTargetRef.kind === "Deployment" && spec.scaleTargetRef.name === name,
      );
      const scaledBy = scaler?.metadata?.name;
      const short = ready < replicas ? { ready } : {};
      return [name, { replicas, ...short, ...(scaledBy === undefined ? {} : { scaledBy }) }];
    }),
  );
  return {
    ...(named.length === 0 ? {} : { workloads }),
    ...(unread === null ? {} : { autoscalersUnread: unread }),
  };
}

/** All but the channel's own; or why they are not known, which is no reason to refuse going back. */
async function foreignAutoscalers(cluster: Cluster, namespace: string, channel: string) {
  try {
    const list = await ask(cluster, `HorizontalPodAutoscalers in ${namespace}`, (options) =>
      cluster.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace }, options),
    );
    const foreign = (list?.items ?? []).filter(({ metadata }) => !isOwn(metadata?.labels, channel));
    return { foreign, unread: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { foreign: [], unread: error.message };
  }
}
