import type { ResourceValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { goal, nextSequence, placeOf, subjectsOf } from "../../evidence/chain/conclude";
import { digestOf, type Envelope, isSignedBy, payloadOf, readEnvelope } from "../../evidence/chain/envelope";
import type { TrustedKey } from "../../evidence/chain/keys";
import { type TransitionStatement, transitionStatement } from "../../evidence/chain/statement";
import { envelopeKey } from "../../evidence/chain/stored";
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
      if (problems.length === 0 && expected !== null && channel.transition !== null) {
        judgements.noteEvidence(expected);
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
  const envelope = readEnvelope(text);
  const payload = envelope === null ? "" : payloadOf(envelope).toString("utf8");
  const statement = parse(payload);
  if (statement === null) return ["it is no statement of a transition in a DSSE envelope"];
  const { subject, predicate } = statement;
  const { product } = channel.configuration.channel;
  const { to, record, chainEnd, name, signers } = channel;
  const compared: [string, unknown, unknown][] = [
    ["channel", [product, name], [predicate.product, predicate.channel]],
    ["place in the chain", nextSequence(chainEnd), predicate.sequence],
    ["predecessor", chainEnd?.sha256 ?? null, predicate.previous],
    ["transition", transition, { id: predicate.transition.id, kind: predicate.transition.kind }],
    ["images", subjectsOf(goal(to)), subject],
    ["beginning", record === null ? null : placeOf(record), predicate.from],
    ["end", placeOf(to), predicate.to],
    ["judge", judgedBy, predicate.judgedBy],
  ];
  const closed = predicate.gates.filter(({ status }) => status === "fail" || status === "hold");
  return [
    ...compared
      .filter(([, wanted, found]) => canonicalize(wanted) !== canonicalize(found))
      .map(
        ([what, wanted, found]) =>
          `its ${what} is ${canonicalize(found)}, and what was judged has ${canonicalize(wanted)}`,
      ),
    ...closed.map(({ gate, status }) => `it says that ${gate} said ${status}: then nothing changes`),
    ...(signers === null || (envelope !== null && isSignedByOne(envelope, signers))
      ? []
      : ["it is not signed by a key of the access file (evidence.keys), and has to be"]),
    ...(showsSecret(payload) ? ["it holds a password or key in plain text"] : []),
  ];
}

function isSignedByOne(envelope: Envelope, signers: readonly TrustedKey[]): boolean {
  return envelope.signatures.some(({ keyid, sig }) =>
    signers.some(({ id, key }) => id === keyid && isSignedBy(envelope, sig, key)),
  );
}

function parse(text: string): TransitionStatement | null {
  try {
    return transitionStatement.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
