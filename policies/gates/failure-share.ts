import type { UsedApproval, VerdictStatus } from "../../rollout/verdict";
import { certainlyExceeds, type Proportion, proportionBounds } from "./statistics";

/** What a gate found of one objective. */
export interface ObjectiveFinding {
  status: Extract<VerdictStatus, "pass" | "fail" | "hold">;
  reason: string;
  observed?: string;
  expected?: string;
  /** The signed approvals it rests on. */
  approvals?: UsedApproval[];
}

export function hold(reason: string): ObjectiveFinding {
  return { status: "hold", reason };
}

/** One objective, as a share of failures: errors, or answers that came too late. */
export interface FailureShare {
  candidate: Proportion;
  /** Null where there is nothing to compare with. */
  baseline: Proportion | null;
  /** Highest share of failures, and the same in words. */
  allowed: number;
  expected: string;
  /** How much higher than the baseline's is still no difference. */
  margin: number;
  /** Probability of a false alarm, of the comparison with the target and of that with the baseline. */
  alpha: number;
  describe(failures: Proportion): string;
  /** Says that the share of failures is certainly above this. */
  describeBound(lower: number): string;
}

/**
 * Fails on what is certain at any time (see `statistics.ts`), passes only when the figures themselves are within
 * target and margin; between the two it holds.
 */
export function judgeFailureShare(objective: FailureShare): ObjectiveFinding {
  const { candidate, allowed, alpha, expected } = objective;
  const observed = objective.describe(candidate);
  const figures = { observed, expected };
  const comparison = compare(objective);
  const { lower } = proportionBounds(candidate.successes, candidate.trials, alpha);
  if (lower > allowed) {
    const reason = `${observed}, ${objective.describeBound(lower)}; expected are ${expected}`;
    return { status: "fail", reason, ...figures };
  }
  if (comparison?.status === "fail") return comparison;
  const reason = `${observed}; expected are ${expected}`;
  if (share(candidate) > allowed) {
    return { status: "hold", reason: `${reason}: missed, but it may still be chance`, ...figures };
  }
  return comparison ?? { status: "pass", reason, ...figures };
}

/** Null where the candidate is not worse than the baseline by more than the margin. */
function compare({ candidate, baseline, margin, alpha, describe }: FailureShare): ObjectiveFinding | null {
  if (baseline === null || share(candidate) - share(baseline) <= margin) return null;
  const reason = `${describe(candidate)} against baseline ${describe(baseline)}: worse by more than the margin of ${percent(margin)}`;
  const figures = {
    observed: describe(candidate),
    expected: `baseline ${describe(baseline)}, margin ${percent(margin)}`,
  };
  return certainlyExceeds(candidate, baseline, margin, alpha)
    ? { status: "fail", reason, ...figures }
    : { status: "hold", reason: `${reason}, but it may still be chance`, ...figures };
}

function share({ successes, trials }: Proportion): number {
  return successes / trials;
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(part < 0.1 ? 2 : 1)} %`;
}
