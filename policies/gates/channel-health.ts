import type { Verdict } from "../../rollout/verdict";
import { hold } from "./failure-share";
import { judgeIncidents } from "./incident";
import type { Snapshot } from "./input";
import type { ChannelHealth } from "./input/promotion";
import { figuresOf, judgeObjectives } from "./service-objectives";
import { alphaOfComparison, alphaOfWindow, stagePolicy } from "./stage-policy";

type Finding = Omit<Verdict, "gate">;
type Known = Extract<ChannelHealth, { status: "known" }>;

/** What a channel's own objectives and incidents say of a release that has all of its traffic. */
export function judgeHealth(
  health: ChannelHealth,
  names: readonly string[],
  takenAt: Snapshot["takenAt"],
): Finding[] {
  if (health.status === "not-configured") return [hold("nothing was collected")];
  if (health.status === "unavailable") return [hold(health.problem)];
  return [...judgeServices(health, names), judgeOpenIncidents(health, takenAt)];
}

function judgeServices({ slo: policy, services: observed }: Known, names: readonly string[]): Finding[] {
  const stage = stagePolicy(policy, 100);
  const services = Object.entries(stage.services).filter(([service]) => names.includes(service));
  const notJudged = (why: string): Finding[] => [
    { status: "pass", reason: `its service levels are not judged: ${why}` },
  ];
  const theirs = Object.keys(policy.services);
  if (theirs.length === 0) return notJudged("it has no objectives (key channel.slo)");
  if (services.length === 0)
    return [hold(`its objectives are those of ${theirs.join(", ")}, which this release does not have`)];
  if (observed === null) return notJudged("it has no metrics source (key channel.prometheus)");
  const objectives = services.map(([, one]) => one);
  const alpha = alphaOfComparison(policy.falseAlarm, objectives, 1);
  return services.flatMap(([service, one]) => {
    const figures = figuresOf(observed[service]);
    if ("problem" in figures) return [hold(`${service}: ${figures.problem}`)];
    const { requests } = figures.candidate;
    if (requests < stage.minimumRequests) {
      return [
        hold(`${service}: too few requests to judge by: ${requests} of at least ${stage.minimumRequests}`),
      ];
    }
    const findings = judgeObjectives(one, figures, {
      baselineServes: false,
      minimumRequests: stage.minimumRequests,
      alpha: alphaOfWindow(alpha, observed[service]?.window?.earlier ?? null),
    });
    return findings.map((finding) => ({ ...finding, reason: `${service}: ${finding.reason}` }));
  });
}

function judgeOpenIncidents({ incidentPolicy, incidents }: Known, takenAt: Snapshot["takenAt"]): Finding {
  if (incidentPolicy === undefined || incidents.status === "not-configured") {
    return {
      status: "pass",
      reason: "its incidents are not judged: it has no source of them (key channel.incidents)",
    };
  }
  return judgeIncidents(incidentPolicy, incidents, takenAt);
}
