import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { UserError } from "../config/load/problems";
import { judged, raises } from "../policies/gates/input";
import type { PodsSource, ServicePods } from "../policies/gates/input/pods";
import { notConfigured } from "../policies/gates/input/source";
import { channelSelector, labelKeys } from "../rollout/labels";
import { httpServices } from "../rollout/release";
import { ask } from "./kubernetes";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/**
 * What the pods of a release that is to get more traffic have done. A gateway that finds no pod to send a request to
 * may answer by itself and count that for no release, so metrics alone do not tell.
 */
export async function observePods(
  transition: JudgedTransition,
  { cluster, channel, channelName }: Pick<SnapshotSources, "cluster" | "channel" | "channelName">,
): Promise<PodsSource> {
  if (!raises(transition)) return notConfigured;
  const { namespace, product } = channel;
  const release = judged(transition);
  const labelSelector = `${channelSelector(product, channelName)},${labelKeys.release}=${release.id},!${labelKeys.run}`;
  try {
    const answer = await ask(cluster, `Pods in ${namespace}`, (options) =>
      cluster.core.listNamespacedPod({ namespace, labelSelector }, options),
    );
    const pods = (answer?.items ?? []).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const nameOf = ({ metadata }: V1Pod) => metadata?.labels?.[labelKeys.name] ?? "";
    const services = new Set([...httpServices(release), ...pods.map(nameOf)]);
    return {
      status: "known",
      services: Object.fromEntries(
        [...services].map((service) => [service, summary(pods.filter((pod) => nameOf(pod) === service))]),
      ),
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "unavailable", problem: error.message };
  }
}

function summary(pods: V1Pod[]): ServicePods {
  const containers = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
  const ends = containers.flatMap(endsOf).sort((left, right) => right.at.getTime() - left.at.getTime());
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const [last] = ends;
  return {
    ready: pods.filter(isReady).length,
    lastEnd: last === undefined ? null : { at: last.at.toISOString(), how: last.how, restarts },
  };
}

function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") === true;
}

/** Of a container that runs again, and of one that has not been started again yet. */
function endsOf({ state, lastState }: V1ContainerStatus): { at: Date; how: string }[] {
  return [state?.terminated, lastState?.terminated].flatMap((end) =>
    end?.finishedAt === undefined
      ? []
      : [{ at: new Date(end.finishedAt), how: `${end.reason ?? "ended"}, exit code ${end.exitCode}` }],
  );
}
