import { type Bag, bag, list } from "../../protocol/values";
import { isOwnedBy, nameOf } from "../objects";
import { AwaitError } from "./failures";
import { jobStatus } from "./jobChecks";
import { labelSelector } from "./observe";
import { podWarnings } from "./podChecks";
import { type Condition, collectionOf, neighbours, type StatusLog, type Target } from "./target";

/** A Job is ready when it has completed. */
export async function jobCondition(target: Target, log: StatusLog): Promise<Condition> {
  let job = target.live;
  let isComplete = false;
  let failure: Error | undefined;
  const reasons = new Set<string>();

  const onPod = (pod: Bag) => {
    if (!isOwnedBy(pod, target.live)) {
      return;
    }
    for (const message of podWarnings(pod)) {
      reasons.add(message);
      // Not being ready is how every pod begins; it counts only if the Job fails.
      if (!message.includes("containers with unready status")) {
        log("warning", message);
      }
    }
  };
  const onJob = (seen: Bag) => {
    if (nameOf(seen) !== nameOf(target.live)) {
      return;
    }
    job = seen;
    const status = jobStatus(seen);
    isComplete = status.isComplete;
    for (const message of status.progress) {
      log("info", message);
    }
    if (status.error !== undefined) {
      reasons.add(status.error);
      failure = new AwaitError(`Resource '${nameOf(job)}' was created but failed to initialize`, job, [
        ...reasons,
      ]);
    }
  };
  return {
    watches: [
      { collection: podsOf(target), onEvent: ({ object }) => onPod(object) },
      { collection: await collectionOf(target), onEvent: ({ object }) => onJob(object) },
    ],
    isSatisfied: () => {
      if (failure !== undefined) {
        throw failure;
      }
      return isComplete;
    },
    live: () => job,
    reasons: () => [...reasons],
    timedOut: () => `'${nameOf(job)}' timed out waiting to be Ready`,
  };
}

/** Throws if the Job has not completed. */
export async function readJob(target: Target, log: StatusLog): Promise<void> {
  const { isComplete, error, progress } = jobStatus(target.live);
  for (const message of progress) {
    log("info", message);
  }
  if (isComplete) {
    return;
  }
  const pods = await target.cluster.client.request({
    method: "GET",
    ...podsOf(target),
    signal: target.signal,
  });
  const warnings = list(pods, "items")
    .map((pod) => bag(pod))
    .filter((pod) => isOwnedBy(pod, target.live))
    .flatMap(podWarnings);
  const message = `Resource '${nameOf(target.live)}' was created but failed to initialize`;
  throw new AwaitError(message, target.live, [...(error === undefined ? [] : [error]), ...warnings]);
}

function podsOf(target: Target) {
  return neighbours(target, "v1", "pods", {
    labelSelector: labelSelector(bag(target.live, "spec", "selector")),
  });
}
