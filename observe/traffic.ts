import type { GatewayObservation } from "../policies/gates/input";
import { channelLabels, channelSelector, mirrorName, restoredName } from "../rollout/labels";
import type { LiveTraffic } from "../rollout/live";
import type { Position } from "../rollout/record";
import type { TrafficSources } from "../traffic/adapter";
import { adapterOf } from "../traffic/adapters";
import { observeDataJobs } from "./data-jobs";
import { ask } from "./kubernetes";
import { observeRestore } from "./restored";
import { observeWorkloads } from "./workloads";

/** Whether the weights of this position can be given. */
export async function observeGateway(sources: TrafficSources, to: Position): Promise<GatewayObservation> {
  return { problem: await adapterOf(sources.channel).problem(sources, to) };
}

/** The channel's live weights, its Deployments, the record's mirror, the Jobs of its data, and its last restore. */
export async function observeTraffic(sources: TrafficSources): Promise<LiveTraffic> {
  const { cluster, channelName, channel } = sources;
  const { namespace, product } = channel;
  const labelSelector = channelSelector(product, channelName);
  const [live, mirror, jobs, restored, workloads] = await Promise.all([
    adapterOf(channel).live(sources),
    ask(cluster, `ConfigMap ${namespace}/${mirrorName(product, channelName)}`, (options) =>
      cluster.core.readNamespacedConfigMap({ namespace, name: mirrorName(product, channelName) }, options),
    ),
    observeDataJobs(cluster, namespace, channelSelector(product, channelName)),
    observeRestore(
      cluster,
      namespace,
      restoredName(product, channelName),
      channelLabels(product, channelName),
    ),
    observeWorkloads(cluster, namespace, channelName, labelSelector),
  ]);
  const { transition, at } = mirror?.data ?? {};
  return {
    ...live,
    mirror: transition === undefined || at === undefined ? null : { transition, at },
    jobs,
    ...(restored === null ? {} : { restored }),
    ...workloads,
  };
}
