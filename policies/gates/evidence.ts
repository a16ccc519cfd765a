import type { EvidenceKind } from "../../config/schemas/evidence";
import type { Verdict } from "../../rollout/verdict";
import { clearedAway, clearsAway } from "./change";
import { inWords } from "./duration";
import { type Finding, isSome, notBroughtIn, verdictOf } from "./findings";
import type { GateInput } from "./input";
import type { EvidenceItem, EvidenceSource } from "./input/evidence";
import {
  applyingKinds,
  type EvidenceSubject,
  enteredStep,
  evidenceSubject,
  isNeededBy,
  patternFor,
} from "./required-evidence";

const gate = "evidence";

/** How far the clocks of the machine that wrote a report and of this one may differ. */
const clockSkewSeconds = 60;

/** What is said of one kind: `hold` where the evidence may still come, `fail` where what is in cannot count. */
export interface EvidenceFinding extends Finding {
  kind: string;
}

/** A kind that is judged, and what was found of it. */
export interface AskedEvidence {
  name: string;
  kind: EvidenceKind;
  item: EvidenceItem | undefined;
}

/** The evidence that this step needs, or an earlier one needed, is in, valid, fresh, signed and of one candidate. */
export function evidence(input: GateInput): Verdict {
  const { evidence: policy, snapshot } = input;
  if (policy === null) {
    return { gate, status: "skipped", reason: "no evidence is asked for (key channel.evidence)" };
  }
  const step = enteredStep(input);
  if (step === null) {
    return { gate, status: "skipped", reason: clearsAway(input) ? clearedAway : notBroughtIn };
  }
  const subject = evidenceSubject(input);
  const needed = applyingKinds(policy, subject).filter(([, kind]) => isNeededBy(kind, step));
  const asked = needed.map(([name, kind]) => ({
    name,
    kind,
    item: itemsOf(snapshot.evidence).find((item) => item.kind === name),
  }));
  const findings = judgeEvidence(asked, policy.correlated, subject, snapshot.takenAt);
  const told = findings.map(({ kind, status, reason }) => ({ status, reason: `${kind}: ${reason}` }));
  if (!isSome(told)) {
    return { gate, status: "skipped", reason: `none is needed for ${subject.release.version} at this step` };
  }
  const observed = count(findings);
  const expected = `in, valid and fresh: ${needed.map(([name]) => name).join(", ")}`;
  if (snapshot.evidence.status === "unavailable") {
    const reason = `the evidence cannot be read: ${snapshot.evidence.problem}`;
    return { gate, status: "hold", reason, observed, expected };
  }
  const verdict = verdictOf(gate, told, { observed, expected });
  return verdict.status === "pass" ? { ...verdict, reason: `${observed}, valid and fresh` } : verdict;
}

function itemsOf(source: EvidenceSource): readonly EvidenceItem[] {
  return source.status === "known" ? source.items : [];
}

/**
 * Judges each kind by itself and, where asked for, that all reports are of one candidate.
 * @param now ISO 8601
 */
export function judgeEvidence(
  asked: readonly AskedEvidence[],
  correlated: boolean,
  subject: EvidenceSubject,
  now: string,
): EvidenceFinding[] {
  const single = asked.map((one) => judgeItem(one, subject, now));
  return correlated ? [...single, ...uncorrelated(asked)] : single;
}

function judgeItem(
  { name, kind, item }: AskedEvidence,
  subject: EvidenceSubject,
  now: string,
): EvidenceFinding {
  const finding = (status: EvidenceFinding["status"], reason: string): EvidenceFinding => ({
    kind: name,
    status,
    reason,
  });
  if (item === undefined) return finding("hold", "nothing was collected");
  if (item.file === null) {
    const { passedOver } = item;
    const other = passedOver === undefined ? "" : ` (${passedOver.file} is of ${passedOver.of})`;
    const expected = patternFor(kind, subject);
    return finding("hold", `no report for ${subject.release.version} is in${other}; expected as ${expected}`);
  }
  const wrong = [...item.problems, ...signatureProblems(kind, item)];
  if (item.sha256 === null && wrong.length === 0) wrong.push("cannot be read");
  if (wrong.length > 0) return finding("fail", `${item.file}: ${wrong.join("; ")}`);
  const age = (Date.parse(now) - Date.parse(item.producedAt ?? "")) / 1000;
  if (Number.isNaN(age)) return finding("fail", `${item.file}: does not say when it was produced`);
  const produced = `${item.file} was produced ${item.producedAt}`;
  if (age < -clockSkewSeconds) {
    return finding("fail", `${produced}, which is to come; check the clock of the machine that made it`);
  }
  if (kind.maxAge !== undefined && age > kind.maxAge) {
    return finding("hold", `${produced} and counts for ${inWords(kind.maxAge)}; a newer one is needed`);
  }
  return finding("pass", produced);
}

function signatureProblems({ signedBy }: EvidenceKind, { file, signature, signatureProblem }: EvidenceItem) {
  if (signedBy === undefined || signature === "valid") return [];
  const roles = signedBy.join(" or ");
  return signature === "wrong"
    ? [`its signature does not count: ${signatureProblem ?? "it is wrong"}`]
    : [`is not signed; expected ${file}.jws by ${roles}`];
}

/** Every report that carries another id than the first one. */
function uncorrelated(asked: readonly AskedEvidence[]): EvidenceFinding[] {
  const items = asked.flatMap(({ item }) =>
    item === undefined || item.file === null || item.sha256 === null ? [] : [item],
  );
  const [first, ...others] = items;
  if (first === undefined) return [];
  return others.flatMap((item) =>
    (["releaseCandidateId", "correlationId"] as const)
      .filter((id) => item[id] !== first[id])
      .map((id) => ({
        kind: item.kind,
        status: "fail" as const,
        reason: `${item.file} has the ${idNames[id]} ${item[id] ?? "none"}, and ${first.file} has ${first[id] ?? "none"}; all reports of one candidate carry the same`,
      })),
  );
}

const idNames = { releaseCandidateId: "release_candidate_id", correlationId: "correlation_id" };

/** `3 of 5 kinds are in`; a kind that is in counts only where nothing is said against it. */
function count(findings: readonly EvidenceFinding[]): string {
  const kinds = new Set(findings.map(({ kind }) => kind));
  const bad = new Set(findings.filter(({ status }) => status !== "pass").map(({ kind }) => kind));
  return `${kinds.size - bad.size} of ${kinds.size} kinds are in`;
}
