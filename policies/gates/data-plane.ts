import { liveShares, sharedServices } from "../../rollout/live";
import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "data-plane";

/** The gateway is there and works, and the live weights are those of the record. */
export function dataPlane({ kind, to, record, snapshot }: GateInput): Verdict {
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
  return { gate, status: "pass", reason: "the gateway is ready and its weights are known", ...figures };
}
