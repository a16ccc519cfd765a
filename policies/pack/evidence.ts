import type { ResourceValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { goal, nextSequence, placeOf, subjectsOf } from "../../evidence/chain/conclude";
import { digestOf, payloadOf, readEnvelope } from "../../evidence/chain/envelope";
import { type TransitionStatement, transitionStatement } from "../../evidence/chain/statement";
import { envelopeKey } from "../../evidence/chain/stored";
import { auditPiece } from "../../evidence/chain/verify";
import { evidenceName, labelKeys } from "../../rollout/labels";
import type { EvidenceHead, PackSignature } from "../../rollout/record";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { configMap, types } from "./objects";
import { showsSecret } from "./plain-text-secrets";
import type { Signature } from "./signature";

/**
 * What is registered as evidence is of the transition that was judged, and follows on the chain as it is in the
 * cluster. The record names it: the policy `record` sees to it that there is one, and the right one.
 */
export function evidence(judgements: Judgements, signature: Signature): ResourceValidationPolicy {
  return objectPolicy({
    name: "transition-evidence",
    description:
      "Evidence cannot be changed, goes on with the chain, and is of the transition that was judged.",
    of: [types.configMap],
    except: ({ props }) => props.metadata.labels?.[labelKeys.sequence] === undefined,
    schema: configMap,
    check: ({ metadata, immutable, data }) => {
      const channel = judgements.passed;
      if (channel === null) return [];
      const text = data[envelopeKey] ?? "";
      const expected = expectedHead(channel, text);
      const { product } = channel.configuration.channel;
      const name = expected === null ? "none" : evidenceName(product, channel.name, expected.sequence);
      const problems = [
        ...(immutable ? [] : ["it can be changed (immutable)"]),
        ...(metadata.name === name ? [] : [`it is named ${metadata.name}, and what follows is ${name}`]),
        ...(metadata.labels[labelKeys.sequence] === String(expected?.sequence)
          ? []
          : [`its label ${labelKeys.sequence} is ${metadata.labels[labelKeys.sequence]}`]),
        ...(channel.transition === null
          ? keptProblems(channel, text)
          : newProblems(channel, channel.transition, text, signature.written)),
      ];
      const confirmedAt = statementIn(text)?.predicate.transition.confirmedAt;
      if (problems.length === 0 && expected !== null && channel.transition !== null && confirmedAt) {
        judgements.noteEvidence({ head: expected, confirmedAt });
      }
      return problems;
    },
  });
}

/** Its place, and the hash of what stands in it: that of the record where nothing changes. */
function expectedHead({ transition, record, chainEnd }: JudgedChannel, text: string): EvidenceHead | null {
  if (transition === null) return record?.evidence ?? null;
  return { sequence: nextSequence(chainEnd), sha256: digestOf(text) };
}

function keptProblems({ record }: JudgedChannel, text: string): string[] {
  const head = record?.evidence;
  return head !== undefined && digestOf(text) === head.sha256
    ? []
    : ["it is not the one that the record names"];
}

function newProblems(
  channel: JudgedChannel,
  transition: NonNullable<JudgedChannel["transition"]>,
  text: string,
  judgedBy: PackSignature | null,
): string[] {
  const statement = statementIn(text);
  if (statement === null) return ["it is no statement of a transition in a DSSE envelope"];
  const { subject, predicate } = statement;
  const { to, record, chainEnd } = channel;
  const compared: [string, unknown, unknown][] = [
    ["place in the chain", nextSequence(chainEnd), predicate.sequence],
    ["predecessor", chainEnd?.sha256 ?? null, predicate.previous],
    ["transition", transition, { id: predicate.transition.id, kind: predicate.transition.kind }],
    ["images", subjectsOf(goal(to)), subject],
    ["beginning", record === null ? null : placeOf(record), predicate.from],
    ["end", placeOf(to), predicate.to],
    ["judge", judgedBy, predicate.judgedBy],
  ];
  // What is given up because its gates are closed is put right all the same.
  const judged = transition.kind === "rollback" || transition.kind === "correct" ? [] : predicate.gates;
  const closed = judged.filter(({ status }) => status === "fail" || status === "hold");
  return [
    ...compared
      .filter(([, wanted, found]) => canonicalize(wanted) !== canonicalize(found))
      .map(
        ([what, wanted, found]) =>
          `its ${what} is ${canonicalize(found)}, and what was judged has ${canonicalize(wanted)}`,
      ),
    ...closed.map(({ gate, status }) => `it says that ${gate} said ${status}: then nothing changes`),
    ...auditProblems(channel, text),
    // Each by itself: what follows on an address in the next field is no password.
    ...(textsOf(statement).some(showsSecret) ? ["it holds a password or key in plain text"] : []),
  ];
}

/** What an audit would say of it later, when it cannot be made anew. */
function auditProblems({ name, configuration, signers, chainEnd }: JudgedChannel, text: string): string[] {
  const { product } = configuration.channel;
  const stored = { sequence: nextSequence(chainEnd), text };
  return auditPiece(stored, { product, channel: name }, signers).map(
    ({ problem, expected, found }) => `${problem}: expected ${expected}, found ${found}`,
  );
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(textsOf)];
}

function statementIn(text: string): TransitionStatement | null {
  const envelope = readEnvelope(text);
  if (envelope === null) return null;
  try {
    return transitionStatement.safeParse(JSON.parse(payloadOf(envelope).toString("utf8"))).data ?? null;
  } catch {
    return null;
  }
}
