import { complement, type Objectives } from "../../config/schemas/slo";
import { hold, judgeFailureShare, type ObjectiveFinding, percent } from "./failure-share";
import type { GateInput, RequestCounts } from "./input";
import type { Proportion } from "./statistics";

export interface ObjectiveContext {
  record: GateInput["record"];
  minimumRequests: number;
  /** Probability of a false alarm of each comparison. */
  alpha: number;
}

/** What is wrong with counts that cannot be: they are no data, and no data is never success. */
export function flawOf({ requests, errors, within }: RequestCounts): string | null {
  const all = [requests, errors, ...Object.values(within)];
  if (all.some((count) => !Number.isFinite(count))) return "the counts are not numbers";
  if (all.some((count) => !Number.isInteger(count) || count < 0)) return "the counts are not whole numbers";
  if (Math.max(0, ...Object.values(within)) > timed({ requests, within })) {
    return "a bucket of the histogram holds more requests than all of it";
  }
  if (errors > requests) return `more errors (${errors}) than requests (${requests}) were counted`;
  return null;
}

export function judgeErrors(
  { target, marginOverBaseline }: NonNullable<Objectives["errorRate"]>,
  candidate: RequestCounts,
  baseline: RequestCounts | null,
  { record, alpha }: ObjectiveContext,
): ObjectiveFinding {
  if (comparisonIsMissing(baseline?.requests, record)) {
    return hold("no figures: the baseline has no requests to compare with");
  }
  const errors = (counts: RequestCounts) => ({ successes: counts.errors, trials: counts.requests });
  return judgeFailureShare({
    candidate: errors(candidate),
    baseline: baseline === null || baseline.requests === 0 ? null : errors(baseline),
    allowed: target,
    expected: `at most ${percent(target)}`,
    margin: marginOverBaseline,
    alpha,
    describe: ({ successes, trials }) => `${percent(successes / trials)} errors (${successes} of ${trials})`,
    describeBound: (lower) => `certainly above ${percent(lower)}`,
  });
}

export function judgeLatency(
  { withinSeconds, share, marginOverBaseline }: Objectives["latency"][number],
  candidate: RequestCounts,
  baseline: RequestCounts | null,
  { record, minimumRequests, alpha }: ObjectiveContext,
): ObjectiveFinding {
  const slow = slowerThan(withinSeconds, candidate);
  const slowBaseline = baseline === null ? null : slowerThan(withinSeconds, baseline);
  if (slow === null) {
    const bounds = Object.keys(candidate.within).join(", ") || "none";
    return hold(`the latency histogram has no bucket of ${withinSeconds} s (it has ${bounds})`);
  }
  if (slow.trials < Math.min(minimumRequests, candidate.requests)) {
    return hold(`too few requests were timed: ${slow.trials} of ${candidate.requests}`);
  }
  if (baseline !== null && comparisonIsMissing(slowBaseline?.trials ?? 0, record)) {
    return hold(`no figures: the baseline has no requests timed by a bucket of ${withinSeconds} s`);
  }
  return judgeFailureShare({
    candidate: slow,
    baseline: slowBaseline === null || slowBaseline.trials === 0 ? null : slowBaseline,
    allowed: complement(share),
    expected: `at least ${percent(share)}`,
    margin: marginOverBaseline,
    alpha,
    describe: ({ successes, trials }) =>
      `${percent(1 - successes / trials)} within ${withinSeconds} s (${trials - successes} of ${trials})`,
    describeBound: (lower) => `certainly below ${percent(1 - lower)}`,
  });
}

/** Null without such a bucket. */
function slowerThan(seconds: number, counts: RequestCounts): Proportion | null {
  const fast = counts.within[String(seconds)];
  if (fast === undefined) return null;
  const trials = timed(counts);
  return { successes: trials - fast, trials };
}

/** All requests that the histogram has seen; all there were, where it does not say. */
function timed({ within, requests }: Pick<RequestCounts, "within" | "requests">): number {
  return within[String(Number.POSITIVE_INFINITY)] ?? requests;
}

/** A baseline that shares the traffic has requests; one without any was not seen. */
function comparisonIsMissing(baselineRequests: number | undefined, record: GateInput["record"]): boolean {
  return baselineRequests === 0 && record !== null && record.weight < 100;
}
