import type { Objectives } from "../../config/schemas/slo";
import type { Verdict } from "../../rollout/verdict";
import { approvedFor, signCommand } from "./approval";
import { inWords } from "./duration";
import { hold, type ObjectiveFinding } from "./failure-share";
import { type GateInput, judged, raises, type ServiceObservation } from "./input";
import { flawOf, judgeErrors, judgeLatency } from "./service-objectives";
import { alphaOfComparison, alphaOfWindow, type StagePolicy, stagePolicy } from "./stage-policy";

const gate = "slo";

/**
 * The candidate keeps its service levels: within target, and no worse than the baseline over the same window by
 * more than the margin. Without enough data it holds.
 */
export function slo(input: GateInput): Verdict {
  const { slo: policy, snapshot, record } = input;
  if (!raises(input) || record === null) {
    return { gate, status: "skipped", reason: "judges only what already has traffic" };
  }
  if (Object.keys(policy.services).length === 0) {
    return { gate, status: "skipped", reason: "no objectives are configured" };
  }
  if (snapshot.services === null) {
    return { gate, status: "skipped", reason: "no metrics source is configured (key channel.prometheus)" };
  }
  const stage = stagePolicy(policy, record.weight);
  const services = Object.entries(stage.services).filter(
    ([service]) => judged(input).services[service] !== undefined,
  );
  const alpha = alphaOfComparison(
    policy.falseAlarm,
    services.map(([, objectives]) => objectives),
    input.channel.stages.length,
  );
  if (services.length === 0) return { gate, ...hold(whoseObjectives(input)) };
  const findings = services.flatMap(([service, objectives]) =>
    judgeService(objectives, snapshot.services?.[service], { input, stage, alpha }).map((finding) => ({
      ...finding,
      reason: `${service}${inWindow(objectives, policy.mode)}: ${finding.reason}`,
    })),
  );
  return worst(findings);
}

/** Objectives of nobody who is here are a slip of the pen rather than a wish to ask for nothing. */
function whoseObjectives(input: GateInput): string {
  const { version, services } = judged(input);
  const theirs = Object.keys(input.slo.services).join(", ");
  return `the objectives are those of ${theirs}, and the services of ${version} are ${Object.keys(services).join(", ")}; name them in the file channel.slo, or none to ask for nothing`;
}

/** A report counts what it counts. */
function inWindow({ window }: Objectives, mode: GateInput["slo"]["mode"]): string {
  return window === undefined || mode === "quick" ? "" : ` (last ${inWords(window)})`;
}

interface Context {
  input: GateInput;
  stage: StagePolicy;
  alpha: number;
}

function judgeService(
  { errorRate, latency }: Objectives,
  observation: ServiceObservation | undefined,
  { input, stage, alpha }: Context,
): ObjectiveFinding[] {
  if (observation === undefined) return [hold("no figures: nothing was collected")];
  const { candidate, baseline, problem } = observation;
  if (problem !== null) return [hold(`no figures: ${problem}`)];
  if (candidate === null) return [hold("no figures of the candidate")];
  const flaw = flawOf(candidate) ?? (baseline === null ? null : flawOf(baseline));
  if (flaw !== null) return [hold(`no figures: ${flaw}`)];

  const few = candidate.requests < stage.minimumRequests ? judgeFew(candidate.requests, input, stage) : null;
  if (few?.status === "hold") return [few];
  const approved = few === null ? [] : [few];
  if (candidate.requests === 0) return approved;
  const context = {
    record: input.record,
    minimumRequests: stage.minimumRequests,
    alpha: alphaOfWindow(alpha, observation.window?.earlier ?? null),
  };
  return [
    ...approved,
    ...(errorRate === undefined ? [] : [judgeErrors(errorRate, candidate, baseline, context)]),
    ...latency.map((objective) => judgeLatency(objective, candidate, baseline, context)),
  ];
}

/** Too few requests hold; where the policy says so, after a while an approval may stand for those that are missing. */
function judgeFew(
  requests: number,
  input: GateInput,
  { minimumRequests }: Pick<StagePolicy, "minimumRequests">,
): ObjectiveFinding {
  const reason = `too few requests to judge by: ${requests} of at least ${minimumRequests}`;
  const figures = { observed: `${requests} requests`, expected: `${minimumRequests} requests` };
  const { slo: policy, record, snapshot } = input;
  if (policy.lowTraffic === undefined || record === null) return { ...hold(reason), ...figures };
  const until = Date.parse(record.since) + policy.lowTraffic.holdFor * 1000;
  if (!(Date.parse(snapshot.takenAt) >= until)) {
    const later = `${reason}; after ${new Date(until).toISOString()} they can be approved`;
    return { ...hold(later), ...figures };
  }
  const approval = approvedFor(input, "low-traffic");
  if (approval === null) {
    return { ...hold(`${reason}; to go on with them: ${signCommand(input, "low-traffic")}`), ...figures };
  }
  const approved = `${requests} requests of at least ${minimumRequests}, approved by ${approval.by}`;
  return { status: "pass", reason: approved, approvals: [approval], ...figures };
}

function worst(findings: readonly ObjectiveFinding[]): Verdict {
  const decisive =
    findings.find(({ status }) => status === "fail") ??
    findings.find(({ status }) => status === "hold") ??
    findings.find(({ approvals }) => approvals !== undefined) ??
    findings[0] ??
    hold("nothing was judged");
  return { gate, ...decisive };
}
