import canonicalize from "canonicalize";
import type { EvidenceHead } from "../../rollout/record";
import { digestOf, type Envelope, isExact, isSignedBy, payloadOf, readEnvelope } from "./envelope";
import { isValidAt, type TrustedKey } from "./keys";
import { type TransitionStatement, transitionStatement } from "./statement";

/** One piece of evidence as it is stored. */
export interface StoredEvidence {
  /** By its name: what it says itself has to agree. */
  sequence: number;
  /** Its envelope, as it lies there. */
  text: string;
}

/** Something that is not as it has to be; it stands alone as a message. */
export interface AuditProblem {
  /** Null where it is of the chain as a whole. */
  sequence: number | null;
  problem: string;
  expected: string;
  found: string;
}

/** Somebody's word on how far a chain goes. */
export interface KnownHead {
  /** As in `the record in the cluster`. */
  by: string;
  head: EvidenceHead;
}

export interface AuditedChain {
  product: string;
  channel: string;
  /** What records say; each of them has to be right, and one of them there. */
  heads: readonly KnownHead[];
  /** Keys that signatures are believed by. */
  keys: readonly TrustedKey[];
  /** Whether every piece has to be signed. */
  required: boolean;
}

export interface Audit {
  /** Those that could be read, in their order. */
  statements: { sequence: number; sha256: string; statement: TransitionStatement; signedBy: string | null }[];
  problems: AuditProblem[];
  /** What a reader should know, and is no fault. */
  notes: string[];
}

/** Between the machines that make transitions. */
const clockSkewMilliseconds = 60_000;

/** Whether nothing of a channel's evidence was removed, added, moved or changed, as far as keys and record can tell. */
export function auditChain(stored: readonly StoredEvidence[], chain: AuditedChain): Audit {
  const links = [...stored].sort((left, right) => left.sequence - right.sequence).map(read);
  const problems = [
    ...links.flatMap((link) => contentProblems(link, chain)),
    ...orderProblems(links),
    ...(chain.heads.length === 0 ? [unknownEnd(links)] : []),
    ...chain.heads.flatMap((known) => headProblems(links, known)),
    ...signatureProblems(links, chain),
  ];
  const statements = links.flatMap(({ sequence, sha256, statement, envelope }) =>
    statement === null
      ? []
      : [{ sequence, sha256, statement, signedBy: envelope?.signatures[0]?.keyid ?? null }],
  );
  return { statements, problems: bySequence(problems), notes: notesOf(links, chain) };
}

/**
 * What is wrong with one piece by itself, whatever stands before it.
 * @param signers keys one of which has to sign it; null where nobody has to, and nobody is asked
 */
export function auditPiece(
  stored: StoredEvidence,
  chain: Pick<AuditedChain, "product" | "channel">,
  signers: readonly TrustedKey[] | null,
): AuditProblem[] {
  const link = read(stored);
  return [
    ...contentProblems(link, chain),
    ...(signers === null ? [] : signatureProblems([link], { keys: signers, required: true })),
  ];
}

interface Link extends StoredEvidence {
  sha256: string;
  envelope: Envelope | null;
  statement: TransitionStatement | null;
  unreadable: string;
}

function read({ sequence, text }: StoredEvidence): Link {
  const link = { sequence, text, sha256: digestOf(text), statement: null, unreadable: "" };
  const envelope = readEnvelope(text);
  if (envelope === null) return { ...link, envelope, unreadable: "something else" };
  const parsed = parse(payloadOf(envelope).toString("utf8"));
  const checked = transitionStatement.safeParse(parsed);
  if (checked.success) return { ...link, envelope, statement: checked.data };
  const [issue] = checked.error.issues;
  return { ...link, envelope, unreadable: `${issue?.path.join(".") || "its payload"}: ${issue?.message}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function contentProblems(
  link: Link,
  { product, channel }: Pick<AuditedChain, "product" | "channel">,
): AuditProblem[] {
  const { sequence, text, envelope, statement, unreadable } = link;
  if (envelope === null || statement === null) {
    const expected = "an in-toto Statement of a transition, in a DSSE envelope";
    return [{ sequence, problem: "it cannot be read", expected, found: unreadable }];
  }
  const { predicate } = statement;
  const problems: AuditProblem[] = [];
  const compare = (problem: string, expected: string, found: string) => {
    if (expected !== found) problems.push({ sequence, problem, expected, found });
  };
  compare("it stands in another place than it was made for", String(sequence), String(predicate.sequence));
  compare(
    "it belongs to another channel",
    `${product}/${channel}`,
    `${predicate.product}/${predicate.channel}`,
  );
  // A second reading of the same bytes must not be possible.
  if (!isExact(text, envelope) || !isCanonical(payloadOf(envelope))) {
    const expected = "canonical JSON (RFC 8785)";
    problems.push({ sequence, problem: "it was rewritten", expected, found: "another form of it" });
  }
  return problems;
}

function isCanonical(payload: Buffer): boolean {
  try {
    return Buffer.from(canonicalize(parse(payload.toString("utf8"))) ?? "", "utf8").equals(payload);
  } catch (error) {
    // Nested deeper than anybody writes it.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function orderProblems(links: readonly Link[]): AuditProblem[] {
  const problems: AuditProblem[] = [];
  let before: Link | undefined;
  /** The latest time before: one that may be a little back each time would be any time in the end. */
  let latest: string | undefined;
  for (const link of links) {
    const { sequence, statement } = link;
    const expectedSequence = (before?.sequence ?? 0) + 1;
    if (before?.sequence === sequence) {
      const found = `${before.sha256} and ${link.sha256}`;
      problems.push({ sequence, problem: "the chain forks: it is there twice", expected: "one", found });
      continue;
    }
    if (sequence > expectedSequence) problems.push(missing(expectedSequence, sequence - 1));
    if (statement !== null && sequence === expectedSequence) {
      problems.push(...linkProblems(link, statement, before, latest));
    }
    const at = statement?.predicate.transition.confirmedAt;
    if (at !== undefined && (latest === undefined || Date.parse(at) > Date.parse(latest))) latest = at;
    before = link;
  }
  return problems;
}

function missing(first: number, last: number): AuditProblem {
  const which = first === last ? `${first}` : `${first} to ${last}`;
  return {
    sequence: first,
    problem: `evidence ${which} was removed`,
    expected: `a piece of evidence for each transition, from 1 on`,
    found: "none",
  };
}

function linkProblems(
  { sequence }: Link,
  { predicate }: TransitionStatement,
  before: Link | undefined,
  latest: string | undefined,
): AuditProblem[] {
  const problems: AuditProblem[] = [];
  const [expected, found] = [before?.sha256 ?? "none", predicate.previous ?? "none"];
  if (expected !== found) {
    const which =
      before === undefined ? "it does not begin the chain" : `it does not follow ${before.sequence}`;
    problems.push({
      sequence,
      problem: `${which}: one of both was edited, or replaced by that of another chain`,
      expected: `previous ${expected}`,
      found: `previous ${found}`,
    });
  }
  const { confirmedAt } = predicate.transition;
  if (latest !== undefined && Date.parse(confirmedAt) < Date.parse(latest) - clockSkewMilliseconds) {
    const problem = "it says to be older than one before it";
    problems.push({ sequence, problem, expected: `a time after ${latest}`, found: confirmedAt });
  }
  return problems;
}

function unknownEnd(links: readonly Link[]): AuditProblem {
  const problem = "how far the chain goes is not known";
  const found = links.length === 0 ? "neither record nor evidence" : "no record of it";
  return { sequence: null, problem, expected: "a record that names the newest evidence", found };
}

function headProblems(links: readonly Link[], { by, head }: KnownHead): AuditProblem[] {
  const last = links.at(-1);
  const { sequence } = head;
  if (last === undefined || last.sequence < sequence) {
    return [
      {
        sequence,
        problem: "the newest evidence was removed",
        expected: `${sequence}, as ${by} says (${head.sha256})`,
        found: last === undefined ? "nothing at all" : `${last.sequence} as the last one`,
      },
    ];
  }
  const named = links.filter((link) => link.sequence === sequence);
  if (named.length === 0 || named.some(({ sha256 }) => sha256 === head.sha256)) return [];
  const problem = `it is not the one that ${by} names: it was edited, or replaced`;
  return [{ sequence, problem, expected: head.sha256, found: named.map(({ sha256 }) => sha256).join(", ") }];
}

function signatureProblems(
  links: readonly Link[],
  { keys, required }: Pick<AuditedChain, "keys" | "required">,
): AuditProblem[] {
  let signedBefore = required;
  const among = required ? "and has to be" : "among others that are";
  return links.flatMap(({ sequence, envelope, statement }) => {
    if (envelope === null || statement === null) return [];
    const { signedBy, unsigned, transition } = statement.predicate;
    const { signatures } = envelope;
    const claimed = signedBy ?? "nobody";
    if (signatures.length > 1) {
      const problem = "it has more signatures than it was given";
      return [{ sequence, problem, expected: `one, by ${claimed}`, found: String(signatures.length) }];
    }
    if (signatures.length === 0) {
      const complains = signedBefore || signedBy !== null;
      const problem = signedBy === null ? `it is not signed, ${among}` : "its signature was taken away";
      const expected = signedBy === null ? "a signature by a trusted key" : `a signature by ${signedBy}`;
      return complains ? [{ sequence, problem, expected, found: unsigned ?? "none" }] : [];
    }
    signedBefore = true;
    return signatures.flatMap(({ keyid, sig }): AuditProblem[] => {
      const key = keys.find(({ id }) => id === keyid);
      if (key === undefined) {
        const known = keys.map(({ id }) => id).join(" or ") || "a key under evidence.keys of the access file";
        return [{ sequence, problem: "its key is not trusted", expected: known, found: keyid }];
      }
      if (!isSignedBy(envelope, sig, key.key)) {
        const problem = "its signature is not that of its key: it was edited, or signed by another";
        return [{ sequence, problem, expected: `a signature by ${keyid}`, found: "another" }];
      }
      const problems: AuditProblem[] = [];
      if (keyid !== signedBy) {
        const problem = "it was signed by another than it says";
        problems.push({ sequence, problem, expected: claimed, found: keyid });
      }
      if (!isValidAt(key, transition.confirmedAt)) {
        problems.push({
          sequence,
          problem: `its key ${keyid} was not valid then`,
          expected: `a time from ${key.from ?? "ever"} until ${key.until ?? "ever"}`,
          found: transition.confirmedAt,
        });
      }
      return problems;
    });
  });
}

function notesOf(links: readonly Link[], { heads, required }: AuditedChain): string[] {
  const end = Math.max(...heads.map(({ head }) => head.sequence));
  const beyond = links.filter(({ sequence }) => heads.length > 0 && sequence > end);
  const unsigned = links.filter(({ envelope }) => envelope?.signatures.length === 0);
  const list = (some: readonly Link[]) => some.map(({ sequence }) => sequence).join(", ");
  return [
    ...(beyond.length === 0
      ? []
      : [`${list(beyond)}: newer than the record, by an update that did not get to its end`]),
    ...(unsigned.length === 0 || required
      ? []
      : [`${unsigned.length} of ${links.length} are not signed: who can write all of them can make them up`]),
  ];
}

function bySequence(problems: readonly AuditProblem[]): AuditProblem[] {
  return [...problems].sort((left, right) => (left.sequence ?? 0) - (right.sequence ?? 0));
}
