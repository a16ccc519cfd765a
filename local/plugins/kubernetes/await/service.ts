import { type Bag, bag, list, text } from "../../protocol/values";
import { nameOf } from "../objects";
import { AwaitError } from "./failures";
import type { ObjectEvent } from "./observe";
import { type Condition, collectionOf, neighbours, type StatusLog, type Target } from "./target";

/** How long endpoints must have been left alone before they count. */
const settleTime = 10_000;

class Endpoints {
  isReady = false;
  isPending = false;
  private changedAt: number | undefined;

  constructor(private readonly service: Bag) {}

  /** Whether there is nothing to wait for: no selector, headless, or only a name. */
  get isIrrelevant(): boolean {
    return (
      text(this.service, "spec", "type") === "ExternalName" ||
      text(this.service, "spec", "clusterIP") === "None" ||
      Object.keys(bag(this.service, "spec", "selector")).length === 0
    );
  }

  onEvent({ type, object }: ObjectEvent): void {
    if (nameOf(object) !== nameOf(this.service)) {
      return;
    }
    this.changedAt = Date.now();
    const subsets = type === "deleted" ? [] : list(object, "subsets");
    this.isReady = subsets.some((subset) => list(subset, "addresses").length > 0);
    this.isPending = subsets.some((subset) => list(subset, "notReadyAddresses").length > 0);
  }

  isSettled(): boolean {
    return this.changedAt !== undefined && Date.now() - this.changedAt >= settleTime;
  }
}

function isAllocated(service: Bag): boolean {
  return (
    text(service, "spec", "type") !== "LoadBalancer" ||
    list(service, "status", "loadBalancer", "ingress").length > 0
  );
}

function reasonsOf(service: Bag, endpoints: Endpoints): string[] {
  if (text(service, "spec", "type") === "ExternalName" || text(service, "spec", "clusterIP") === "None") {
    return [];
  }
  const reasons: string[] = [];
  if (!endpoints.isReady) {
    reasons.push(
      "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
    );
  }
  if (!isAllocated(service)) {
    reasons.push("Service was not allocated an IP address; does your cloud provider support this?");
  }
  return reasons;
}

/** A Service is ready when its endpoints have been settled for a while and none of them is unready. */
export async function serviceCondition(target: Target, log: StatusLog): Promise<Condition> {
  let service = target.live;
  const endpoints = new Endpoints(target.live);
  log("info", "[1/3] Finding Pods to direct traffic to");
  return {
    watches: [
      {
        collection: await collectionOf(target),
        onEvent: ({ type, object }) => {
          if (type !== "deleted") {
            service = object;
          }
        },
      },
      {
        collection: neighbours(target, "v1", "endpoints", {
          fieldSelector: `metadata.name=${nameOf(target.live)}`,
        }),
        onEvent: (event) => endpoints.onEvent(event),
      },
    ],
    isSatisfied: () => {
      if (endpoints.isIrrelevant) {
        return isAllocated(service);
      }
      if (endpoints.isSettled() && endpoints.isReady && !isAllocated(service)) {
        log("info", "[2/3] Attempting to allocate IP address to Service");
      }
      const isReady = isAllocated(service) && endpoints.isSettled() && !endpoints.isPending;
      if (isReady) {
        log("info", "Service initialization complete");
      }
      return isReady;
    },
    recheckEvery: 500,
    live: () => service,
    reasons: () => reasonsOf(service, endpoints),
    timedOut: () => `'${nameOf(service)}' timed out waiting to be Ready`,
  };
}

/** Throws if an endpoint of the Service is unready, or it has no address yet. */
export async function readService(target: Target): Promise<void> {
  const endpoints = new Endpoints(target.live);
  const { cluster, live, signal } = target;
  const found = neighbours(target, "v1", "endpoints", { fieldSelector: `metadata.name=${nameOf(live)}` });
  const answer = await cluster.client.request({ method: "GET", ...found, signal });
  for (const item of list(answer, "items")) {
    endpoints.onEvent({ type: "added", object: bag(item) });
  }
  const isReady = isAllocated(live) && (endpoints.isIrrelevant || !endpoints.isPending);
  if (!isReady) {
    const message = `Resource '${nameOf(live)}' was created but failed to initialize`;
    throw new AwaitError(message, live, reasonsOf(live, endpoints));
  }
}
