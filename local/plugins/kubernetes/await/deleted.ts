import { list } from "../../protocol/values";
import { isTrue, skipAwait } from "../annotations";
import { isNotFound } from "../client";
import { apiVersionOf, gvkOf, nameOf } from "../objects";
import { getLive } from "../session";
import { type Condition, collectionOf, statusLog, type Target, waitFor, warningEvents } from "./target";

/** Kinds for which `skipAwait` also skips waiting for their deletion. */
const mayBeSkipped = new Set([
  "v1/Namespace",
  "v1/Pod",
  "v1/ReplicationController",
  "apps/v1/DaemonSet",
  "apps/v1/Deployment",
  "apps/v1/StatefulSet",
  "batch/v1/Job",
]);

/** Waits until the object is gone. */
export async function awaitDeleted(target: Target, timeout: number): Promise<void> {
  const gvk = gvkOf(target.inputs);
  if (isTrue(target.inputs, skipAwait) && mayBeSkipped.has(`${apiVersionOf(gvk)}/${gvk.kind}`)) {
    return;
  }
  const log = statusLog(target);
  let live = target.live;
  let isGone = false;
  const condition: Condition = {
    watches: [
      {
        collection: await collectionOf(target),
        onEvent: ({ type, object }) => {
          live = object;
          isGone ||= type === "deleted";
        },
        // It may have gone before anybody watched.
        onList: (objects) => {
          isGone ||= objects.length === 0;
        },
      },
      warningEvents(target, log),
    ],
    isSatisfied: () => isGone,
    live: () => live,
    reasons: () => [],
    timedOut: () => "timed out waiting for the condition",
    canceled: () => "context canceled",
  };
  try {
    await waitFor(condition, target, timeout, log);
  } catch (error) {
    if (await isDeleted(target)) {
      return;
    }
    const finalizers = list(live, "metadata", "finalizers").join(", ");
    target.session.log.message(
      "warning",
      target.urn,
      `finalizers might be preventing deletion (${finalizers})`,
    );
    throw error;
  }
}

async function isDeleted({ cluster, live }: Target): Promise<boolean> {
  try {
    await getLive(cluster, live, nameOf(live));
    return false;
  } catch (error) {
    if (isNotFound(error)) {
      return true;
    }
    throw error;
  }
}
