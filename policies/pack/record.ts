import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { stashNames } from "../../observe/state";
import { nextRecord } from "../../rollout/history";
import {
  type ChannelRecord,
  channelRecord,
  type EvidenceHead,
  intent as intentSchema,
  type PackSignature,
  positionOf,
} from "../../rollout/record";
import type { ChannelSources, JudgedChannel } from "./channel-judgement";
import type { Judgements, NotedEvidence } from "./judgements";
import { plain } from "./object-policy";
import { types } from "./objects";
import { type Signature, signedPolicies } from "./signature";

/** Between the machine that judges and the one that asks the data plane, where these are two. */
const clockSkewMilliseconds = 30_000;

/**
 * The record is what the next update is judged by: it must be the one that follows from what was judged, written at
 * the time at which it is written. Of a transition it says which pack judged it, and that is for this pack to write.
 * It is known only in the update itself. The signature is written into the intent as well: evidence is made of that.
 */
export function record(
  judgements: Judgements,
  sources: () => Pick<ChannelSources, "memory">,
  signature: Signature,
  preview: boolean,
): ResourceValidationPolicy {
  const concerns = ({ type, name }: ResourceValidationArgs, stash: string) =>
    type === types.stash && name === stash && (!preview || stash === stashNames.intent);
  return {
    name: signedPolicies.writer,
    description: "The channel's record is what follows from the transition that was judged.",
    enforcementLevel: "mandatory",
    remediateResource: async (args) => {
      const sign = [signedRecord, signedIntent].find(({ stash }) => concerns(args, stash));
      if (sign === undefined) return undefined;
      const input = await signed(plain(args.props.input), sign.read, sources, signature.written);
      return input === null ? undefined : { input };
    },
    validateResource: (args, reportViolation) => {
      const channel = judgements.passed;
      if (!concerns(args, stashNames.record) || channel === null) return;
      const violation = violationOf(plain(args.props.input), channel, signature.written, judgements.evidence);
      if (violation !== null) reportViolation(violation);
    },
  };
}

/** What is remembered of a transition, and how the signature is written into it. */
interface Signable {
  transition: string;
  with(judgedBy: PackSignature): object;
}

const signedRecord = {
  stash: stashNames.record,
  read: (input: unknown): Signable | null => {
    const { data } = channelRecord.safeParse(input);
    return data === undefined
      ? null
      : { transition: data.transition.id, with: (judgedBy) => withSignature(data, judgedBy) };
  },
};

/** Evidence is made of it before there is a record: from there it knows the pack. */
const signedIntent = {
  stash: stashNames.intent,
  read: (input: unknown): Signable | null => {
    const { data } = intentSchema.safeParse(input);
    return data === undefined ? null : { transition: data.id, with: (judgedBy) => ({ ...data, judgedBy }) };
  },
};

/** What is remembered of a new transition with the signature in it; null where there is nothing to sign. */
async function signed(
  input: unknown,
  read: (input: unknown) => Signable | null,
  sources: () => Pick<ChannelSources, "memory">,
  signature: PackSignature | null,
): Promise<object | null> {
  const written = read(input);
  if (written === null || signature === null) return null;
  try {
    const { record: before, intent } = await sources().memory();
    const isOld = [before?.transition.id, intent?.id].includes(written.transition);
    return isOld ? null : written.with(signature);
  } catch {
    // Memory that cannot be read is refused by the gates, before anything is changed; here it is too late to stop.
    return null;
  }
}

function withSignature(written: ChannelRecord, judgedBy: PackSignature): ChannelRecord {
  const { history } = written;
  return {
    ...written,
    history: [...history.slice(0, -1), ...history.slice(-1).map((entry) => ({ ...entry, judgedBy }))],
  };
}

function violationOf(
  input: unknown,
  channel: JudgedChannel,
  signature: PackSignature | null,
  evidence: NotedEvidence | null,
): string | null {
  const read = channelRecord.safeParse(input);
  if (!read.success) return "it cannot be read";
  const written = read.data;
  if (channel.transition !== null && evidence === null) {
    return "it is written without evidence of the transition before it";
  }
  if (
    canonicalize(written) !==
    canonicalize(expectedRecord(written, channel, signature, evidence?.head ?? null))
  ) {
    return `it does not follow from the record before and the ${channel.transition?.kind ?? "reconciliation"} that was judged`;
  }
  if (channel.transition === null) return null;
  if (evidence?.confirmedAt !== written.transition.at) {
    return `its evidence says that it was confirmed at ${evidence?.confirmedAt}, and it says at ${written.transition.at}`;
  }
  const confirmedAt = Date.parse(written.transition.at);
  const earliest = channel.judgedAt.getTime() - clockSkewMilliseconds;
  return confirmedAt < earliest || confirmedAt > Date.now() + clockSkewMilliseconds
    ? `it says that ${written.transition.at} is when the data plane confirmed it, which is not now`
    : null;
}

/** By the program's own rule, with what only the update itself knows: the time, and who did it and why. */
function expectedRecord(
  written: ChannelRecord,
  channel: JudgedChannel,
  signature: PackSignature | null,
  evidence: EvidenceHead | null,
): ChannelRecord | null {
  const { record: before, transition, to, data, restore, sizes, configuration } = channel;
  if (transition === null) return before;
  const confirmedAt = written.transition.at;
  const plan = {
    transition: { ...transition, startedAt: confirmedAt, attempt: configuration.settings.attempt },
    from: before === null ? null : positionOf(before),
    to,
    data,
    restore,
    releases: [],
    sizes,
    why: "",
  };
  const entry = written.history.at(-1);
  if (entry === undefined) return null;
  const {
    transition: _id,
    from: _from,
    to: _to,
    judgedBy: _judgedBy,
    restored: _restored,
    ...attribution
  } = entry;
  const confirmation = { id: transition.id, confirmedAt, services: {} };
  const next: ChannelRecord = {
    ...nextRecord(channel.name, before, plan, confirmation, attribution),
    ...(evidence === null ? {} : { evidence }),
  };
  return signature === null ? next : withSignature(next, signature);
}
