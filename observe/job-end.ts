import { setTimeout as delay } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { attempt } from "./cluster-request";
import type { Cluster } from "./kubernetes";

export interface RunningJob {
  namespace: string;
  name: string;
  deadlineSeconds: number;
}

/** The Job's one pod when it has ended, well or not; or why there is nothing to wait for, and whether it had begun. */
export type JobEnd = { pod: V1Pod } | { problem: string; begun: boolean };

const pollMilliseconds = 300;
/** Reasons for which a container that waits will not start. */
const hopeless = [
  "ErrImageNeverPull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CreateContainerConfigError",
  "CreateContainerError",
];

/**
 * Waits for the end of a Job that is not tried again.
 * @param look called with its pod each time it was asked for
 * @throws {UserError} when the cluster refuses or cannot be reached; the signal's reason when it is interrupted
 */
export async function jobEnd(
  cluster: Cluster,
  job: RunningJob,
  interrupted: AbortSignal,
  look: (pod: V1Pod) => Promise<void> = async () => undefined,
): Promise<JobEnd> {
  const { namespace, name, deadlineSeconds } = job;
  const late = { problem: `it did not end within ${deadlineSeconds} s`, begun: true };
  const deadline = Date.now() + (deadlineSeconds + 5) * 1000;
  const labelSelector = `batch.kubernetes.io/job-name=${name}`;
  while (Date.now() < deadline) {
    interrupted.throwIfAborted();
    const { items } = await attempt(cluster, `the pods of a Job in ${namespace}`, () =>
      cluster.core.listNamespacedPod({ namespace, labelSelector }),
    );
    const [pod] = items;
    if (pod !== undefined) {
      if (pod.status?.reason === "DeadlineExceeded") return late;
      await look(pod);
      if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return { pod };
      const stuck = stuckBecause(pod);
      if (stuck !== null) return { problem: stuck, begun: false };
    }
    if (await isLate(cluster, job)) return late;
    await delay(pollMilliseconds, undefined, { signal: interrupted });
  }
  return late;
}

/** A Job past its deadline takes its pod with it. */
async function isLate(cluster: Cluster, { namespace, name }: RunningJob): Promise<boolean> {
  const job = await attempt(cluster, `a Job in ${namespace}`, () =>
    cluster.batch.readNamespacedJob({ namespace, name }),
  );
  return (job.status?.conditions ?? []).some(
    ({ type, status, reason }) => type === "Failed" && status === "True" && reason === "DeadlineExceeded",
  );
}

function stuckBecause(pod: V1Pod): string | null {
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason === undefined || !hopeless.includes(waiting.reason)) return null;
  return `its container does not start: ${waiting.reason}${waiting.message === undefined ? "" : `, ${waiting.message}`}`;
}
