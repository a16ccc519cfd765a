import { activeCohorts } from "../../rollout/cohorts";
import { liveShares } from "../../rollout/live";
import type { ChannelRecord, Position } from "../../rollout/record";
import type { Finding } from "./findings";
import { type GateInput, raises } from "./input";
import { proportionBounds } from "./statistics";

/** How often a right split may be taken for a wrong one, over all looks at one weight. */
const alpha = 1e-6;

/**
 * The gateway's own counters agree with the record: each release gets the share that it is said to have, and what is to
 * be taken away gets nothing any more. Where it counted nothing, the probes of the confirmation stand alone.
 */
export function judgeCountedSplit(input: GateInput): Finding[] {
  const { record, snapshot, to } = input;
  const { split } = snapshot;
  if (record === null || record.candidate === null || split.status === "not-configured") return [];
  if (split.status === "unavailable") {
    const reason = `where the gateway sends requests is not known: ${split.problem}`;
    return raises(input) ? [{ status: "hold", reason }] : [];
  }
  return Object.entries(split.services).flatMap(([service, counts]): Finding[] => {
    const odd = oddOf(record, counts, mayHaveBeen(input, record, to));
    if (odd === null) return [];
    return [{ status: "hold", reason: `${odd} to ${service} in the last ${split.windowSeconds} s` }];
  });
}

/** An update that did not get to its end may have written its weight some time ago: then both were there. */
function mayHaveBeen({ snapshot }: GateInput, record: ChannelRecord, to: Position): [number, number] {
  const isRecorded = liveShares(snapshot.live, record).every((share) => share === record.weight);
  if (isRecorded) return [record.weight, record.weight];
  return [Math.min(record.weight, to.weight), Math.max(record.weight, to.weight)];
}

/** What of the counts cannot be, were the gateway as it is recorded; null where nothing is odd. */
function oddOf(
  record: ChannelRecord,
  counts: Record<"candidate" | "baseline", number>,
  [least, most]: [number, number],
): string | null {
  const { state, weight, baseline, candidate } = record;
  if (state === "completed" || state === "rolled-back") {
    const [release, side] =
      state === "completed" ? [baseline, "baseline" as const] : [candidate, "candidate" as const];
    const still = counts[side];
    return still === 0
      ? null
      : `${release?.version} has no share any more, and the gateway counted ${still} of its requests`;
  }
  const requests = counts.candidate + counts.baseline;
  const { lower, upper } = proportionBounds(counts.candidate, requests, alpha);
  // Cohorts come on top of the weight.
  const tooMuch = lower > most / 100 && activeCohorts(record).length === 0;
  if (!tooMuch && upper >= least / 100) return null;
  const percent = ((100 * counts.candidate) / requests).toFixed(1);
  return `${candidate?.version} has ${weight} %, and the gateway gave it ${percent} % of ${requests} requests`;
}
