import type { Objectives, SloPolicy } from "../../config/schemas/slo";
import type { Verdict, VerdictStatus } from "../../rollout/verdict";
import { type GateInput, judged, type RequestCounts, raises, type ServiceObservation } from "./input";
import { proportionBounds } from "./statistics";

const gate = "slo";

interface Finding {
  status: Extract<VerdictStatus, "pass" | "fail" | "hold">;
  reason: string;
  observed?: string;
  expected?: string;
}

/**
 * The candidate keeps its service levels: within target, and no worse than the baseline over the same window by
 * more than the margin. Blocks on what is certain at any time (see `statistics.ts`), opens only when the figures
 * themselves are within target; between the two, and without enough data, it holds.
 */
export function slo(input: GateInput): Verdict {
  const { slo: policy, snapshot } = input;
  if (!raises(input)) return { gate, status: "skipped", reason: "judges only what already has traffic" };
  if (Object.keys(policy.services).length === 0) {
    return { gate, status: "skipped", reason: "no objectives are configured" };
  }
  if (snapshot.services === null) {
    return { gate, status: "skipped", reason: "no metrics source is configured (key channel.prometheus)" };
  }
  const findings = Object.entries(policy.services)
    .filter(([service]) => judged(input).services[service] !== undefined)
    .flatMap(([service, objectives]) =>
      judgeService(objectives, policy, snapshot.services?.[service]).map((finding) => ({
        ...finding,
        reason: `${service}: ${finding.reason}`,
      })),
    );
  return worst(findings);
}

function worst(findings: Finding[]): Verdict {
  const decisive =
    findings.find(({ status }) => status === "fail") ??
    findings.find(({ status }) => status === "hold") ??
    findings[0];
  if (decisive === undefined) {
    return { gate, status: "skipped", reason: "no objectives for the services of this release" };
  }
  return { gate, ...decisive };
}

function judgeService(
  objectives: Objectives,
  policy: SloPolicy,
  observation: ServiceObservation | undefined,
): Finding[] {
  const { candidate, baseline, problem } = observation ?? {
    candidate: null,
    baseline: null,
    problem: "nothing was collected",
  };
  if (problem !== null) return [{ status: "hold", reason: `no figures: ${problem}` }];
  if (candidate !== null && !(Number.isFinite(candidate.requests) && Number.isFinite(candidate.errors))) {
    return [{ status: "hold", reason: "no figures: the counts are not numbers" }];
  }
  if (candidate === null || candidate.requests < policy.minimumRequests) {
    const seen = candidate?.requests ?? 0;
    return [
      {
        status: "hold",
        reason: `too few requests to judge by: ${seen} of at least ${policy.minimumRequests}`,
        observed: `${seen} requests`,
        expected: `${policy.minimumRequests} requests`,
      },
    ];
  }
  return [
    ...(objectives.errorRate === undefined
      ? []
      : [judgeErrors(objectives.errorRate, policy, candidate, baseline)]),
    ...objectives.latency.map((objective) => judgeLatency(objective, policy, candidate)),
  ];
}

function judgeErrors(
  { target, marginOverBaseline }: NonNullable<Objectives["errorRate"]>,
  { falseAlarm }: SloPolicy,
  candidate: RequestCounts,
  baseline: RequestCounts | null,
): Finding {
  const rate = candidate.errors / candidate.requests;
  const bounds = proportionBounds(candidate.errors, candidate.requests, falseAlarm / 2);
  const observed = `${percent(rate)} errors (${candidate.errors} of ${candidate.requests})`;
  const expected = `at most ${percent(target)}`;
  const certain = `certainly above ${percent(bounds.lower)}`;
  if (bounds.lower > target) {
    return { status: "fail", reason: `${observed}, ${certain}; allowed are ${expected}`, observed, expected };
  }
  if (baseline !== null && baseline.requests > 0) {
    const baselineBounds = proportionBounds(baseline.errors, baseline.requests, falseAlarm / 2);
    if (bounds.lower - baselineBounds.upper > marginOverBaseline) {
      const compared = `baseline ${percent(baseline.errors / baseline.requests)} (${baseline.errors} of ${baseline.requests})`;
      return {
        status: "fail",
        reason: `${observed} against ${compared}: worse by more than the margin of ${percent(marginOverBaseline)}`,
        observed,
        expected: `${compared}, margin ${percent(marginOverBaseline)}`,
      };
    }
  }
  if (rate > target) {
    return {
      status: "hold",
      reason: `${observed}; allowed are ${expected}: above target, but not yet certain`,
      observed,
      expected,
    };
  }
  return { status: "pass", reason: `${observed}; allowed are ${expected}`, observed, expected };
}

function judgeLatency(
  { withinSeconds, share }: Objectives["latency"][number],
  { falseAlarm }: SloPolicy,
  candidate: RequestCounts,
): Finding {
  const within = candidate.within[String(withinSeconds)];
  if (within === undefined) {
    const bounds = Object.keys(candidate.within).join(", ") || "none";
    return {
      status: "hold",
      reason: `the latency histogram has no bucket of ${withinSeconds} s (it has ${bounds})`,
    };
  }
  const observedShare = within / candidate.requests;
  const observed = `${percent(observedShare)} within ${withinSeconds} s (${within} of ${candidate.requests})`;
  const expected = `at least ${percent(share)}`;
  const reason = `${observed}; wanted are ${expected}`;
  if (proportionBounds(within, candidate.requests, falseAlarm / 2).upper < share) {
    return { status: "fail", reason, observed, expected };
  }
  if (observedShare < share) {
    return { status: "hold", reason: `${reason}: below, but not yet certain`, observed, expected };
  }
  return { status: "pass", reason, observed, expected };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}
