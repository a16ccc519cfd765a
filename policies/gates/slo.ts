import type { Objectives } from "../../config/schemas/slo";
import type { Verdict } from "../../rollout/verdict";
import { approvedFor, signCommand } from "./approval";
import { inWords } from "./duration";
import { hold, type ObjectiveFinding } from "./failure-share";
import { type GateInput, judged, raises } from "./input";
import { figuresOf, judgeObjectives } from "./service-objectives";
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
    judgeService(service, objectives, { input, stage, alpha }).map((finding) => ({
      ...finding,
      reason: `${service}${inWindow(objectives, policy.mode)}: ${finding.reason}`,
    })),
  );
  const verdict = worst(findings);
  return { ...verdict, reason: `${verdict.reason}${notJudged(input)}` };
}

/** Objectives of services that neither release has: most likely a name that is not spelt right. */
function notJudged({ slo: policy, record, to }: GateInput): string {
  const releases = [to.candidate, to.baseline, record?.candidate, record?.baseline];
  const unknown = Object.keys(policy.services).filter((name) =>
    releases.every((release) => release?.services[name] === undefined),
  );
  return unknown.length === 0 ? "" : ` (not judged, because no live release has it: ${unknown.join(", ")})`;
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
  service: string,
  objectives: Objectives,
  { input, stage, alpha }: Context,
): ObjectiveFinding[] {
  const { record, snapshot } = input;
  const observation = snapshot.services?.[service];
  const figures = figuresOf(observation);
  if ("problem" in figures) return [hold(figures.problem)];
  const { requests } = figures.candidate;
  const few = requests < stage.minimumRequests ? judgeFew(requests, input, stage) : null;
  if (few?.status === "hold") return [few];
  const approved = few === null ? [] : [few];
  if (requests === 0) return approved;
  const context = {
    baselineServes: record !== null && record.weight < 100 && record.baseline.services[service] !== undefined,
    minimumRequests: stage.minimumRequests,
    alpha: alphaOfWindow(alpha, observation?.window?.earlier ?? null),
  };
  return [...approved, ...judgeObjectives(objectives, figures, context)];
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
