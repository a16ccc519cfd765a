import { complement, type Objectives } from "../../config/schemas/slo";
import { hold, judgeFailureShare, type ObjectiveFinding, percent } from "./failure-share";
import type { RequestCounts, ServiceObservation } from "./input";
import type { Proportion } from "./statistics";

export interface ObjectiveContext {
  /** Whether there is a baseline of this service that shares the traffic, so that figures of it must be there. */
  baselineServes: boolean;
  minimumRequests: number;
  /** Probability of a false alarm of each comparison. */
  alpha: number;
}

export interface Figures {
  candidate: RequestCounts;
  /** Null where there are none of it. */
  baseline: RequestCounts | null;
}

/** Counts that can be judged; else what is wrong with them. */
export function figuresOf(observation: ServiceObservation | undefined): Figures | { problem: string } {
  if (observation === undefined) return { problem: "no figures: nothing was collected" };
  const { candidate, baseline, problem } = observation;
  if (problem !== null) return { problem: `no figures: ${problem}` };
  if (candidate === null) return { problem: "no figures of the candidate" };
  const flaw = flawOf(candidate) ?? (baseline === null ? null : flawOf(baseline));
  return flaw === null ? { candidate, baseline } : { problem: `no figures: ${flaw}` };
}

/** @returns a finding for each objective */
export function judgeObjectives(
  { errorRate, latency }: Objectives,
  { candidate, baseline }: Figures,
  context: ObjectiveContext,
): ObjectiveFinding[] {
  return [
    ...(errorRate === undefined ? [] : [judgeErrors(errorRate, candidate, baseline, context)]),
    ...latency.map((objective) => judgeLatency(objective, candidate, baseline, context)),
  ];
}

/** What is wrong with counts that cannot be: they are no data, and no data is never success. */
function flawOf({ requests, errors, within }: RequestCounts): string | null {
  const all = [requests, errors, ...Object.values(within)];
  if (all.some((count) => !Number.isFinite(count))) return "the counts are not numbers";
  if (all.some((count) => !Number.isInteger(count) || count < 0)) return "the counts are not whole numbers";
  if (Math.max(0, ...Object.values(within)) > timed({ requests, within })) {
    return "a bucket of the histogram holds more requests than all of it";
  }
  if (errors > requests) return `more errors (${errors}) than requests (${requests}) were counted`;
  return null;
}

/** Where more are not timed than are, those that are say nothing of the rest: failures often are not. */
const smallestTimedShare = 0.5;

/** A margin over the baseline that no difference of two shares is beyond. */
const nothingIsWorse = 1;

function judgeErrors(
  { target, marginOverBaseline }: NonNullable<Objectives["errorRate"]>,
  candidate: RequestCounts,
  baseline: RequestCounts | null,
  { baselineServes, alpha }: ObjectiveContext,
): ObjectiveFinding {
  const errors = (counts: RequestCounts) => ({ successes: counts.errors, trials: counts.requests });
  const finding = judgeFailureShare({
    candidate: errors(candidate),
    baseline: baseline === null || baseline.requests === 0 ? null : errors(baseline),
    allowed: target,
    expected: `at most ${percent(target)}`,
    margin: marginOverBaseline,
    alpha,
    describe: ({ successes, trials }) => `${percent(successes / trials)} errors (${successes} of ${trials})`,
    describeBound: (lower) => `certainly above ${percent(lower)}`,
  });
  const isCompared = baselineServes && marginOverBaseline < nothingIsWorse;
  return finding.status === "pass" && isCompared && !baseline?.requests
    ? hold("no figures: the baseline has no requests to compare with")
    : finding;
}

function judgeLatency(
  { withinSeconds, share, marginOverBaseline }: Objectives["latency"][number],
  candidate: RequestCounts,
  baseline: RequestCounts | null,
  { baselineServes, minimumRequests, alpha }: ObjectiveContext,
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
  if (slow.trials < candidate.requests * smallestTimedShare) {
    return hold(
      `too few requests were timed: ${slow.trials} of ${candidate.requests}, and not half of them at least`,
    );
  }
  const finding = judgeFailureShare({
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
  const isCompared = baselineServes && marginOverBaseline < nothingIsWorse;
  return finding.status === "pass" && isCompared && !slowBaseline?.trials
    ? hold(`no figures: the baseline has no requests timed by a bucket of ${withinSeconds} s`)
    : finding;
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
