import type { NodeRoom } from "./input/capacity";
import { amountOf, type PodDemand } from "./pod-demand";

interface Pod {
  cpuMillicores: number;
  memoryBytes: number;
}

/** How many of the new pods find a place, the largest first, each on the first node that has room for it. */
export function placed(demands: readonly PodDemand[], nodes: readonly NodeRoom[]): number {
  const room = nodes.map((node) => ({ ...node }));
  const places = podsOf(demands).map((pod) => {
    const node = room.find(
      (one) => one.pods >= 1 && one.cpuMillicores >= pod.cpuMillicores && one.memoryBytes >= pod.memoryBytes,
    );
    if (node === undefined) return false;
    node.pods -= 1;
    node.cpuMillicores -= pod.cpuMillicores;
    node.memoryBytes -= pod.memoryBytes;
    return true;
  });
  return places.filter((found) => found).length;
}

function podsOf(demands: readonly PodDemand[]): Pod[] {
  return demands
    .flatMap(({ count, requests }) =>
      Array.from({ length: count }, () => ({
        cpuMillicores: amountOf(requests, "cpu"),
        memoryBytes: Math.ceil(amountOf(requests, "memory") / 1000),
      })),
    )
    .sort((left, right) => right.cpuMillicores - left.cpuMillicores || right.memoryBytes - left.memoryBytes);
}
