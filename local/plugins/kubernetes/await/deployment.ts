import { type Bag, bag, list, numeric, text } from "../../protocol/values";
import { condition, isOwnedBy, nameOf } from "../objects";
import { AwaitError } from "./failures";
import { labelSelector, type ObjectEvent } from "./observe";
import { podWarnings } from "./podChecks";
import { type Condition, collectionOf, neighbours, type StatusLog, type Target } from "./target";

const revisionOf = (object: Bag) =>
  text(object, "metadata", "annotations", "deployment.kubernetes.io/revision");
const generationOf = (object: Bag) => numeric(object, "metadata", "generation") ?? 0;

/** The state of a rollout, gathered from events of the Deployment, its ReplicaSets and their Pods. */
class Rollout {
  private isReconciled = false;
  private isAvailable = false;
  private isReplicaSetAvailable = false;
  private isReplicaSetReady = false;
  private conditionErrors = new Map<string, string>();
  private readonly replicaSets = new Map<string, Bag>();
  private readonly pods = new Map<string, Bag>();
  deployment: Bag;

  constructor(
    private readonly target: Target,
    private readonly log: StatusLog,
  ) {
    this.deployment = target.live;
  }

  isComplete(): boolean {
    // The controller does not report progress for a first revision that did not have to roll out.
    const isRolledOut = this.revision() === "1" || this.isReplicaSetAvailable;
    return this.isReconciled && this.isAvailable && isRolledOut && this.isReplicaSetReady;
  }

  onDeployment({ type, object }: ObjectEvent): void {
    if (nameOf(object) !== nameOf(this.target.live) || type === "deleted") {
      return;
    }
    const isStale = generationOf(object) < generationOf(this.target.live);
    this.isReconciled ||=
      !isStale && generationOf(object) === numeric(object, "status", "observedGeneration");
    if (!this.isReconciled || isStale) {
      return;
    }
    this.deployment = object;
    this.conditionErrors = new Map();
    if (this.revision() === "") {
      return;
    }
    const progressing = condition(object, "Progressing");
    if (progressing !== undefined) {
      this.isReplicaSetAvailable =
        this.isTrue(progressing) && text(progressing, "reason") === "NewReplicaSetAvailable";
    }
    const available = condition(object, "Available");
    if (available !== undefined) {
      this.isAvailable = this.isTrue(available);
    }
    this.checkReplicaSet();
  }

  onReplicaSet({ type, object }: ObjectEvent): void {
    if (!isOwnedBy(object, this.target.live)) {
      return;
    }
    if (type === "deleted") {
      this.replicaSets.delete(revisionOf(object));
      return;
    }
    this.replicaSets.set(revisionOf(object), object);
    this.checkReplicaSet();
  }

  onPod({ type, object }: ObjectEvent): void {
    if (type === "deleted") {
      this.pods.delete(nameOf(object));
    } else {
      this.pods.set(nameOf(object), object);
    }
  }

  podWarnings(): string[] {
    const replicaSet = this.replicaSets.get(this.revision());
    return [...this.pods.values()].filter((pod) => isOwnedBy(pod, replicaSet)).flatMap(podWarnings);
  }

  reasons(): string[] {
    return [...this.conditionErrors.values(), ...this.shortfall(), ...this.podWarnings()];
  }

  private shortfall(): string[] {
    const isFirst = this.revision() === "1";
    if (!this.isAvailable) {
      return ["Minimum number of live Pods was not attained"];
    }
    if (isFirst ? !this.isReplicaSetReady : !this.isReplicaSetAvailable) {
      return ["Minimum number of Pods to consider the application live was not attained"];
    }
    return this.isReplicaSetReady
      ? []
      : ["Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"];
  }

  private revision(): string {
    return revisionOf(this.deployment);
  }

  /** A condition that does not hold is shown, and part of the error should time run out. */
  private isTrue(entry: Bag): boolean {
    const holds = entry.status === "True";
    if (!holds && typeof entry.reason === "string" && typeof entry.message === "string") {
      const message = `[${entry.reason}] ${entry.message}`;
      this.conditionErrors.set(entry.reason, message);
      this.log("warning", message);
    }
    return holds;
  }

  private checkReplicaSet(): void {
    const replicaSet = this.replicaSets.get(this.revision());
    if (this.revision() === "" || replicaSet === undefined) {
      return;
    }
    // The live objects are the plan of record: they follow whoever scales the Deployment meanwhile.
    const wanted = Math.max(
      numeric(replicaSet, "spec", "replicas") ?? 1,
      numeric(this.deployment, "spec", "replicas") ?? 1,
    );
    const ready = numeric(replicaSet, "status", "readyReplicas");
    this.isReplicaSetReady = ready === undefined ? wanted === 0 : ready >= wanted;
    if (!this.isReplicaSetReady) {
      this.log("info", `Waiting for app ReplicaSet to be available (${ready ?? 0}/${wanted} Pods available)`);
    } else if (wanted === 0) {
      this.log("warning", `Replicas scaled to 0 for Deployment "${nameOf(this.deployment)}"`);
    }
  }
}

/** A Deployment is ready when its newest revision has rolled out and is available. */
export async function deploymentCondition(target: Target, log: StatusLog): Promise<Condition> {
  const rollout = new Rollout(target, log);
  const selector = selectorOf(target);
  return {
    watches: [
      { collection: await collectionOf(target), onEvent: (event) => rollout.onDeployment(event) },
      {
        collection: neighbours(target, "apps/v1", "replicasets", selector),
        onEvent: (event) => rollout.onReplicaSet(event),
      },
      { collection: neighbours(target, "v1", "pods", selector), onEvent: (event) => rollout.onPod(event) },
    ],
    isSatisfied: () => {
      const isComplete = rollout.isComplete();
      if (isComplete) {
        log("info", "Deployment initialization complete");
      }
      return isComplete;
    },
    live: () => rollout.deployment,
    reasons: () => rollout.reasons(),
    onTick: () => {
      for (const message of rollout.podWarnings()) {
        log("warning", message);
      }
    },
    timedOut: () => `'${nameOf(rollout.deployment)}' timed out waiting to be Ready`,
  };
}

/** Throws if the Deployment's newest revision has not rolled out. */
export async function readDeployment(target: Target, log: StatusLog): Promise<void> {
  const rollout = new Rollout(target, log);
  const selector = selectorOf(target);
  const listed = async (apiVersion: string, plural: string) => {
    const collection = neighbours(target, apiVersion, plural, selector);
    const answer = await target.cluster.client.request({
      method: "GET",
      ...collection,
      signal: target.signal,
    });
    return list(answer, "items").map((item): ObjectEvent => ({ type: "added", object: bag(item) }));
  };
  const [replicaSets, pods] = await Promise.all([listed("apps/v1", "replicasets"), listed("v1", "pods")]);
  rollout.onDeployment({ type: "added", object: target.live });
  for (const event of replicaSets) {
    rollout.onReplicaSet(event);
  }
  for (const event of pods) {
    rollout.onPod(event);
  }
  if (!rollout.isComplete()) {
    const message = `Resource '${nameOf(target.live)}' was created but failed to initialize`;
    throw new AwaitError(message, target.live, rollout.reasons());
  }
}

function selectorOf({ live }: Target): Record<string, string> {
  return { labelSelector: labelSelector(bag(live, "spec", "selector")) };
}
