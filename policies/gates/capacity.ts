import type { Verdict } from "../../rollout/verdict";
import { bringsIn, type Finding, isSome, notBroughtIn, verdictOf } from "./findings";
import type { GateInput } from "./input";
import type { CapacitySource } from "./input/capacity";
import { placed } from "./node-room";
import { amountOf, beyondSurge, keptTooSmall, leftTooSmall, newPods, type PodDemand } from "./pod-demand";
import { inUnit, judgeQuota } from "./quota-room";

const gate = "capacity";

type Known = Extract<CapacitySource, { status: "known" }>;

/** There is room for the pods of a step before it begins: a rollout that gets stuck half-way helps nobody. */
export function capacity(input: GateInput): Verdict {
  const { capacity: seen } = input.snapshot;
  const skipped = (reason: string): Verdict => ({ gate, status: "skipped", reason });
  const left = leftTooSmall(input);
  if (left.length > 0) return { gate, status: "hold", reason: left.join("; ") };
  if (!bringsIn(input)) return skipped(notBroughtIn);
  const apart = [...keptTooSmall(input), ...beyondSurge(input)];
  if (apart.length > 0) return { gate, status: "hold", reason: apart.join("; ") };
  if (seen.status === "not-configured") return skipped("nobody has looked for room");
  if (seen.status === "unavailable") return { gate, status: "hold", reason: seen.problem };
  const demands = newPods(input, seen.defaults);
  const count = demands.reduce((sum, demand) => sum + demand.count, 0);
  if (count === 0) return { gate, status: "pass", reason: "the pods that this step needs are there" };
  if (seen.quotas.length === 0 && seen.nodes.status === "not-asked") {
    return skipped(`the namespace has no quota, and ${nodesNotAsked}`);
  }
  const findings = [
    ...seen.quotas.flatMap((quota) => judgeQuota(quota, demands)),
    ...judgeNodes(seen, demands),
  ];
  const figures = { observed: freeOn(seen), expected: `room for ${neededBy(demands)}` };
  if (isSome(findings)) return verdictOf(gate, findings, figures);
  const besides = seen.nodes.status === "not-asked" ? `; ${nodesNotAsked}` : "";
  return { gate, status: "pass", reason: `there is room for ${neededBy(demands)}${besides}`, ...figures };
}

const nodesNotAsked = "room on the nodes is not asked for (key channel.nodeRoom)";

function judgeNodes({ nodes }: Known, demands: readonly PodDemand[]): Finding[] {
  if (nodes.status === "not-asked") return [];
  if (nodes.status === "unavailable") {
    const reason = `${nodes.problem} Let this user list nodes, and the pods of all namespaces; or set \`nodeRoom: false\` (key channel.nodeRoom), also where nodes are added when they are needed`;
    return [{ status: "hold", reason }];
  }
  const count = demands.reduce((sum, demand) => sum + demand.count, 0);
  const fitting = placed(demands, nodes.room);
  if (fitting === count) return [];
  const reason = `the nodes have room for ${fitting} of ${count} new pods: make room, add a node, or choose a smaller size, \`capacity: lean\` or more stages`;
  return [{ status: "hold", reason }];
}

/** `3 pods (300m cpu, 384Mi memory)` */
function neededBy(demands: readonly PodDemand[]): string {
  const total = (resource: "cpu" | "memory") =>
    demands.reduce((sum, { count, requests }) => sum + count * amountOf(requests, resource), 0);
  const pods = demands.reduce((sum, { count }) => sum + count, 0);
  return `${pods} pods (${inUnit(total("cpu"), "cpu")} cpu, ${inUnit(total("memory"), "memory")} memory)`;
}

function freeOn({ nodes, quotas }: Known): string {
  const limits = quotas.map(({ name }) => name);
  const named = limits.length === 0 ? "no quota" : `quota ${limits.join(", ")}`;
  if (nodes.status !== "known") return named;
  const { room } = nodes;
  const cpu = room.reduce((sum, node) => sum + Math.max(0, node.cpuMillicores), 0);
  const memory = room.reduce((sum, node) => sum + Math.max(0, node.memoryBytes), 0);
  const pods = room.reduce((sum, node) => sum + Math.max(0, node.pods), 0);
  return `${named}; free on ${room.length} nodes: ${pods} pods, ${cpu}m cpu, ${inUnit(memory * 1000, "memory")} memory`;
}
