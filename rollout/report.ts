import type { PlannedService } from "./capacity";
import { activeCohorts } from "./cohorts";
import { dataRows, describeRestored, runLater, runNow } from "./data-report";
import { routeRanks } from "./order";
import { type Decision, type Plan, routedServices, routeWeights } from "./plan";
import type { Proposal } from "./proposal";
import type { ChannelRecord, Position } from "./record";
import { httpServices, type Release } from "./release";
import { table } from "./table";
import type { Verdict, VerdictStatus } from "./verdict";

/** What a person is told before anything changes: the plan, and every gate's verdict with its reason. */
export function describeDecision(
  channel: string,
  proposal: Proposal,
  decision: Decision,
  verdicts: readonly Verdict[],
): string {
  const lines = [`${channel}: ${headline(proposal, decision)}`];
  if (decision.outcome === "go" && decision.plan.transition !== null)
    lines.push("", ...table(planWidths, planRows(decision.plan)));
  else if (restoreOf(decision) !== null) lines.push("", ...table(planWidths, restoredRows(decision)));
  if (verdicts.length > 0) lines.push("", ...table(gateWidths, gateRows(verdicts)), "");
  if (decision.outcome === "hold") lines.push("  nothing is advanced; what is recorded stays as it is");
  return lines.join("\n");
}

function restoreOf(decision: Decision): Plan["restore"] {
  return decision.outcome === "blocked" ? null : (decision.plan?.restore ?? null);
}

function restoredRows(decision: Decision): string[][] {
  const restore = restoreOf(decision);
  return restore === null ? [] : [["restored", describeRestored(restore)]];
}

function headline(proposal: Proposal, decision: Decision): string {
  const wish =
    "to" in proposal ? `${proposal.kind} to ${describePosition(proposal.to)}` : "what is asked for";
  switch (decision.outcome) {
    case "blocked":
      return `${wish} is blocked`;
    case "hold":
      return `${wish} is ${heldBy(decision.reasons)}`;
    case "go":
      return decision.plan.transition === null
        ? `nothing to do: ${decision.plan.why}`
        : `${decision.plan.transition.kind}: ${decision.plan.why}`;
  }
}

/** Columns of both tables; with the blanks that Pulumi puts before each line they end before column 100. */
const planWidths = [10, 82];
const gateWidths = [15, 9, 68];

function planRows(plan: Plan): string[][] {
  return [
    ["from", plan.from === null ? "nothing" : describePosition(plan.from)],
    ["to", describePosition(plan.to)],
    ...cohortRows(plan.to),
    ...routeRows(plan),
    ...dataRows(plan),
    ...plan.releases.map(({ release, side, services }) => [
      "replicas",
      `${release.version} (${side}): ${services.map(replicasText).join(", ")}`,
    ]),
    ...retired(plan).map((version) => ["remove", `${version}, no longer needed`]),
  ];
}

/** `api 3`, `api 3 to 9` where it is autoscaled */
function replicasText({ service, replicas, autoscaling, scaledBy }: PlannedService): string {
  if (scaledBy !== undefined) return `${service} as ${scaledBy} says`;
  return `${service} ${replicas}${autoscaling === undefined ? "" : ` to ${autoscaling.maxReplicas}`}`;
}

/** What each service's route gives the candidate, in the order in which they move; told where there are several. */
function routeRows(plan: Plan): string[][] {
  const { candidate } = plan.to;
  if (candidate === null || routedServices(plan).length < 2) return [];
  const steps = routeRanks(plan).map((services) =>
    services.map((service) => `${service} ${weightOf(plan, service, candidate)} %`).join(", "),
  );
  const inOrder = isRaised(plan) ? steps : steps.toReversed();
  return [["routes", `${candidate.version}: ${inOrder.join(", then ")}`]];
}

function isRaised({ transition, to }: Plan): boolean {
  return to.state !== "rolled-back" && transition?.kind !== "correct";
}

function weightOf(plan: Plan, service: string, { id }: Release): number {
  return routeWeights(plan, service).find(({ release }) => release.id === id)?.weight ?? 0;
}

/** Which cohorts apply from this step on, which later, and which are taken back by it. */
function cohortRows(to: Position): string[][] {
  const { candidate, weight, baseline, cohorts = [] } = to;
  if (candidate === null || cohorts.length === 0) return [];
  const names = (some: readonly { name: string }[]) => some.map(({ name }) => name).join(", ");
  if (weight === 0) return [["cohorts", `${names(cohorts)} → back to ${baseline.version}`]];
  const active = activeCohorts(to);
  const later = cohorts.filter((one) => !active.includes(one));
  const rows = [
    ...(active.length === 0 ? [] : [`${names(active)} → wholly to ${candidate.version}`]),
    ...[...new Set(later.map(({ from }) => from))]
      .sort((left, right) => left - right)
      .map((from) => `from ${from} %: ${names(later.filter((one) => one.from === from))}`),
  ];
  return rows.map((row, index) => [index === 0 ? "cohorts" : "", row]);
}

function retired({ from, to }: Plan): string[] {
  const kept = new Set([to.baseline.id, to.candidate?.id]);
  return [from?.baseline, from?.candidate]
    .filter((release) => release !== undefined && release !== null && !kept.has(release.id))
    .map((release) => release?.version ?? "");
}

/** What was judged, in the gates' order; then what was not, by reason. */
function gateRows(verdicts: readonly Verdict[]): string[][] {
  const judged = verdicts.filter(({ status }) => status !== "skipped");
  const skipped = verdicts.filter(({ status }) => status === "skipped");
  const reasons = [...new Set(skipped.map(({ reason }) => reason))];
  const gatesOf = (reason: string) => skipped.filter((verdict) => verdict.reason === reason);
  return [
    ["GATE", "VERDICT", "REASON"],
    ...judged.map(({ gate, status, reason }) => [gate, status, reason]),
    ...reasons.map((reason, index) => [
      index === 0 ? "not asked" : "",
      "skipped",
      `${gatesOf(reason)
        .map(({ gate }) => gate)
        .join(", ")}: ${reason}`,
    ]),
  ];
}

/** The engine's own directives: it draws them on a terminal and leaves them out elsewhere. */
const colorOf: Record<VerdictStatus, string> = {
  pass: "<{%fg 2%}>",
  fail: "<{%fg 1%}>",
  hold: "<{%fg 3%}>",
  skipped: "<{%fg 8%}>",
};

/** Colours the verdicts of a description. Added last, so that the columns keep their widths. */
export function withColor(description: string): string {
  return description.replaceAll(
    /^( {2}[a-z -]{15})(pass|fail|hold|skipped)( +\S)/gm,
    (_, gate: string, status: VerdictStatus, rest: string) =>
      `${gate}${colorOf[status]}${status}<{%reset%}>${rest}`,
  );
}

/** The same for programs: what is planned, and what every gate says of it. */
export function explainDecision(
  channel: string,
  proposal: Proposal,
  decision: Decision,
  verdicts: readonly Verdict[],
) {
  const plan = decision.outcome === "blocked" ? null : decision.plan;
  return {
    channel,
    outcome: decision.outcome,
    proposal: {
      kind: proposal.kind,
      why: proposal.why,
      to: "to" in proposal ? positionForPrograms(proposal.to) : null,
    },
    plan:
      plan === null
        ? null
        : {
            transition: plan.transition,
            from: plan.from === null ? null : positionForPrograms(plan.from),
            to: positionForPrograms(plan.to),
            restore: plan.restore,
            routes: routeRanks(plan)
              .flat()
              .map((service) => ({
                service,
                weights: Object.fromEntries(
                  routeWeights(plan, service).map(({ release, weight }) => [release.version, weight]),
                ),
              })),
            migrations: runNow(plan),
            laterMigrations: runLater(plan),
            releases: plan.releases.map(({ release, side, share, services }) => ({
              version: release.version,
              side,
              share,
              replicas: Object.fromEntries(services.map(({ service, replicas }) => [service, replicas])),
            })),
            removes: retired(plan),
          },
    reasons: decision.outcome === "go" ? [] : decision.reasons,
    gates: verdicts,
  };
}

function positionForPrograms(position: Position) {
  const { state, baseline, candidate, weight } = position;
  const cohorts = activeCohorts(position).map(({ name }) => name);
  return {
    state,
    baseline: baseline.version,
    candidate: candidate?.version ?? null,
    weight,
    ...(cohorts.length === 0 ? {} : { cohorts }),
  };
}

/** `1.1.0 at 10 %, baseline 1.0.0` */
export function describePosition(position: Position): string {
  const { state, baseline, candidate, weight } = position;
  if (candidate === null) return `${baseline.version} at 100 %`;
  switch (state) {
    case "rolled-back":
      return `${baseline.version} at 100 %, ${candidate.version} rolled back`;
    case "completed":
      return `${candidate.version} at 100 %, ${baseline.version} kept ready`;
    default:
      return `${candidate.version} at ${weight} %${andCohorts(position)}, baseline ${baseline.version}`;
  }
}

function andCohorts(position: Position): string {
  const active = activeCohorts(position).map(({ name }) => name);
  return active.length === 0 ? "" : ` and all of ${active.join(", ")}`;
}

/** The stack's output for people: where the channel stands, and what it waits for. */
export function describeStatus(record: ChannelRecord, decision: Decision): string {
  const { restored, lost = [] } = record;
  // What this update has run again is there again.
  const written = restored === undefined || lost.length === 0 ? null : { ...restored, lost };
  const moves = decision.outcome === "go" && decision.plan.transition !== null;
  const restore = moves ? written : restoreOf(decision);
  const where = [describePosition(record), ...(restore === null ? [] : [describeRestored(restore)])];
  return [...where, ...(decision.outcome === "hold" ? [heldBy(decision.reasons)] : [])].join("; ");
}

/** Of gates only their names: figures change with every look and would show as a difference. */
function heldBy(reasons: string[]): string {
  const isGates = (reason: string) => /^[a-z-]+: /.test(reason);
  const others = reasons.filter((reason) => !isGates(reason));
  if (others.length > 0) return `held: ${others.join(", ")}`;
  return `held by ${reasons.map((reason) => reason.slice(0, reason.indexOf(":"))).join(", ")}`;
}

/** The stack's output for programs. */
export function summarize(record: ChannelRecord) {
  const { baseline, candidate, weight, transition, evidence } = record;
  const routed = [baseline, candidate].flatMap((release) => (release === null ? [] : httpServices(release)));
  const share = (service: string) => {
    if (candidate?.services[service]?.http === undefined) return 0;
    return baseline.services[service]?.http === undefined ? 100 : weight;
  };
  /** Share of the candidate on each route. */
  const services = Object.fromEntries(
    [...new Set(routed)].sort().map((service) => [service, share(service)]),
  );
  return {
    ...positionForPrograms(record),
    ...(candidate === null ? {} : { services }),
    transition,
    ...(evidence === undefined ? {} : { evidence }),
  };
}
