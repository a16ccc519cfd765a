import { table } from "../../rollout/table";
import type { Manifest } from "../chain/manifest";
import type { TransitionPredicate } from "../chain/statement";
import type { Audit, AuditProblem } from "../chain/verify";

export function describeAudit(product: string, channel: string, audit: Audit): string {
  const { statements, problems, notes } = audit;
  const last = statements.at(-1);
  const signed = statements.filter(({ signedBy }) => signedBy !== null).length;
  const lines = [
    ...problems.map(describeProblem),
    ...notes.map((note) => `note: ${note}`),
    problems.length > 0
      ? `${product}/${channel}: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}; this evidence cannot be relied on.`
      : `${product}/${channel}: ${statements.length} transitions, ${signed} signed, nothing removed or changed; the newest is ${last?.sequence}, sha256 ${last?.sha256}.`,
  ];
  return `${lines.join("\n")}\n`;
}

export function describeProblem({ sequence, problem, expected, found }: AuditProblem): string {
  const where = sequence === null ? "evidence" : `evidence ${sequence}`;
  return `${where}: ${problem}. Expected ${expected}; found ${found}.`;
}

const listWidths = [5, 25, 10, 34, 16, 8];

/** One line for each transition. */
export function describeList({ statements }: Audit): string {
  const rows = statements.map(({ sequence, signedBy, statement: { predicate } }) => [
    String(sequence),
    predicate.transition.confirmedAt,
    predicate.transition.kind,
    describePlace(predicate),
    `${predicate.actor.name}${predicate.actor.verifiedBy === null ? " (claimed)" : ""}`,
    signedBy === null ? "unsigned" : signedBy.slice(0, 8),
  ]);
  return `${table(listWidths, [["#", "CONFIRMED", "KIND", "TO", "BY", "KEY"], ...rows]).join("\n")}\n`;
}

function describePlace({ to, releases }: TransitionPredicate): string {
  const version = (id: string) => releases[id]?.version ?? id;
  if (to.candidate === null) return `${version(to.baseline)} alone`;
  if (to.state === "rolled-back") return `${version(to.baseline)}, ${version(to.candidate)} rolled back`;
  return `${version(to.candidate)} at ${to.weight} %`;
}

const manifestWidths = [15, 9, 6, 68];

export function describeManifest({
  releaseCandidateId,
  product,
  channel,
  gates,
  transitions,
}: Manifest): string {
  const rows = Object.entries(gates).flatMap(([gate, decisions]) =>
    decisions
      .filter(({ status }) => status !== "skipped")
      .map(({ status, sequence, reason, files }) => [
        gate,
        status,
        String(sequence),
        [reason, ...files.map(({ path, sha256 }) => `${path} ${sha256.slice(0, 12)}…`)].join("; "),
      ]),
  );
  return [
    `${releaseCandidateId} in ${product}/${channel}: ${transitions.length} transitions (${transitions.map(({ sequence }) => sequence).join(", ")})`,
    "",
    ...table(manifestWidths, [["GATE", "VERDICT", "#", "REASON AND FILES"], ...rows]),
    "",
  ].join("\n");
}
