import type { Decision, Plan } from "./plan";
import type { Proposal } from "./proposal";
import type { ChannelRecord, Position } from "./record";
import type { Verdict } from "./verdict";

/** What a person is told before anything changes: the plan, and every gate's verdict with its reason. */
export function describeDecision(
  channel: string,
  proposal: Proposal,
  decision: Decision,
  verdicts: readonly Verdict[],
): string {
  const lines = [`${channel}: ${headline(proposal, decision)}`];
  if (decision.outcome === "go" && decision.plan.transition !== null)
    lines.push(...describePlan(decision.plan));
  if (verdicts.length > 0) lines.push("  gates", ...describeVerdicts(verdicts));
  if (decision.outcome === "hold") lines.push("  nothing is advanced; what is recorded stays as it is");
  return lines.join("\n");
}

function headline(proposal: Proposal, decision: Decision): string {
  const wish =
    "to" in proposal ? `${proposal.kind} to ${describePosition(proposal.to)}` : "what is asked for";
  switch (decision.outcome) {
    case "blocked":
      return `${wish} is blocked`;
    case "hold":
      return `${wish} is held by ${holders(decision.reasons)}`;
    case "go":
      return decision.plan.transition === null
        ? `nothing to do: ${decision.plan.why}`
        : `${decision.plan.transition.kind}: ${decision.plan.why}`;
  }
}

function describePlan(plan: Plan): string[] {
  const before = plan.from === null ? "nothing" : describePosition(plan.from);
  const rows: [string, string][] = [
    ["from", before],
    ["to", describePosition(plan.to)],
    ...newMigrations(plan).map((text): [string, string] => ["migrate", text]),
    ...plan.releases.map(({ release, side, services }): [string, string] => [
      "replicas",
      `${release.version} (${side}): ${services.map(({ service, replicas }) => `${service} ${replicas}`).join(", ")}`,
    ]),
    ...retired(plan).map((version): [string, string] => ["remove", `${version}, no longer needed`]),
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(9)}${text}`);
}

function newMigrations({ releases, from }: Plan): string[] {
  const known = new Set([from?.baseline.id, from?.candidate?.id]);
  return releases
    .filter(({ release }) => !known.has(release.id))
    .flatMap(({ release }) =>
      release.migrations.map(
        ({ id, phase, reversible }) =>
          `${id} (${phase}, ${reversible ? "reversible" : "not reversible"}), before the first request`,
      ),
    );
}

function retired({ from, to }: Plan): string[] {
  const kept = new Set([to.baseline.id, to.candidate?.id]);
  return [from?.baseline, from?.candidate]
    .filter((release) => release !== undefined && release !== null && !kept.has(release.id))
    .map((release) => release?.version ?? "");
}

function describeVerdicts(verdicts: readonly Verdict[]): string[] {
  const width = Math.max(...verdicts.map(({ gate }) => gate.length)) + 2;
  return verdicts.map(({ gate, status, reason }) => `    ${gate.padEnd(width)}${status.padEnd(9)}${reason}`);
}

/** `1.1.0 at 10 %, baseline 1.0.0` */
export function describePosition({ state, baseline, candidate, weight }: Position): string {
  if (candidate === null) return `${baseline.version} at 100 %`;
  switch (state) {
    case "rolled-back":
      return `${baseline.version} at 100 %, ${candidate.version} rolled back`;
    case "completed":
      return `${candidate.version} at 100 %, ${baseline.version} kept ready`;
    default:
      return `${candidate.version} at ${weight} %, baseline ${baseline.version}`;
  }
}

/** The stack's output for people: where the channel stands, and what it waits for. */
export function describeStatus(record: ChannelRecord, decision: Decision): string {
  const position = describePosition(record);
  return decision.outcome === "hold" ? `${position}; held by ${holders(decision.reasons)}` : position;
}

/** Only the gates' names: figures change with every look and would show as a difference. */
function holders(reasons: string[]): string {
  return reasons
    .map((reason) => (/^[a-z-]+: /.test(reason) ? reason.slice(0, reason.indexOf(":")) : reason))
    .join(", ");
}

/** The stack's output for programs. */
export function summarize(record: ChannelRecord) {
  return {
    state: record.state,
    baseline: record.baseline.version,
    candidate: record.candidate?.version ?? null,
    weight: record.weight,
    transition: record.transition,
  };
}
