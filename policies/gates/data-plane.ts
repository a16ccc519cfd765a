import { liveShares, sharedServices } from "../../rollout/live";
import type { Verdict } from "../../rollout/verdict";
import { judgeCountedSplit } from "./counted-split";
import { type Finding, verdictOf } from "./findings";
import { type GateInput, judged, raises } from "./input";

const gate = "data-plane";

/** The gateway is there and works, and the live weights are those of the record. */
export function dataPlane(input: GateInput): Verdict {
  const { kind, to, record, snapshot } = input;
  if (kind === "rollback" || kind === "correct") {
    return { gate, status: "skipped", reason: "lowering a share waits for nothing" };
  }
  const { problem } = snapshot.gateway;
  if (problem !== null) {
    return {
      gate,
      status: "fail",
      reason: problem,
      expected: "a Gateway that is programmed and takes routes",
    };
  }
  const { unread } = snapshot.live;
  if (unread !== undefined) {
    return { gate, status: "hold", reason: `the live weights cannot be read: ${unread}` };
  }
  if (record === null) return { gate, status: "pass", reason: "the gateway is ready" };
  // An update that did not get to its end may have written its weights, and is here to be finished.
  const sides = to.candidate === null ? record : to;
  const recorded = sides.candidate?.id === record.candidate?.id ? record.weight : 0;
  const known = to.candidate === null ? [recorded] : [recorded, to.weight];
  const shares = liveShares(snapshot.live, sides);
  const figures = { observed: `${shares.join(", ") || "no"} % live`, expected: `${recorded} %` };
  if (shares.length < sharedServices(sides).length) {
    return { gate, status: "hold", reason: "a route of this channel is not live", ...figures };
  }
  if (!shares.every((share) => known.includes(share))) {
    return {
      gate,
      status: "hold",
      reason: "the live share of the candidate is not the one recorded",
      ...figures,
    };
  }
  const { pods } = snapshot;
  if (pods.status === "unavailable") {
    const reason = `the pods of ${judged(input).version} cannot be seen: ${pods.problem}`;
    return { gate, status: "hold", reason };
  }
  const without = servicesWithoutPods(input, sides);
  if (without.length > 0) {
    return {
      gate,
      status: "hold",
      reason: `no pod of ${judged(input).version} is ready for ${without.join(", ")}`,
      observed: "0 ready",
      expected: "1 ready or more",
    };
  }
  const asRecorded: Finding = { status: "pass", reason: "the gateway is ready and its weights are known" };
  return verdictOf(gate, [asRecorded, ...judgeCountedSplit(input)], figures);
}

/** Services of a release with traffic for which nobody could answer now. */
function servicesWithoutPods(input: GateInput, sides: Parameters<typeof sharedServices>[0]): string[] {
  const { pods } = input.snapshot;
  if (pods.status !== "known" || !raises(input)) return [];
  return sharedServices(sides).filter((service) => (pods.services[service]?.ready ?? 0) === 0);
}
