import type { ResourceValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { stashNames } from "../../observe/state";
import { nextRecord } from "../../rollout/history";
import { type ChannelRecord, channelRecord, positionOf } from "../../rollout/record";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { plain } from "./object-policy";
import { types } from "./objects";

/** Between the machine that judges and the one that asks the data plane, where these are two. */
const clockSkewMilliseconds = 30_000;

/**
 * The record is what the next update is judged by: it must be the one that follows from what was judged, written at
 * the time at which it is written. It is known only in the update itself.
 */
export function record(judgements: Judgements, preview: boolean): ResourceValidationPolicy {
  return {
    name: "record",
    description: "The channel's record is what follows from the transition that was judged.",
    enforcementLevel: "mandatory",
    validateResource: ({ type, name, props }, reportViolation) => {
      if (preview || type !== types.stash || name !== stashNames.record) return;
      const channel = judgements.passed;
      if (channel === null) return;
      const violation = violationOf(plain(props.input), channel);
      if (violation !== null) reportViolation(violation);
    },
  };
}

function violationOf(input: unknown, channel: JudgedChannel): string | null {
  const read = channelRecord.safeParse(input);
  if (!read.success) return "it cannot be read";
  const written = read.data;
  if (canonicalize(written) !== canonicalize(expectedRecord(written, channel))) {
    return `it does not follow from the record before and the ${channel.transition?.kind ?? "reconciliation"} that was judged`;
  }
  if (channel.transition === null) return null;
  const confirmedAt = Date.parse(written.transition.at);
  const earliest = channel.judgedAt.getTime() - clockSkewMilliseconds;
  return confirmedAt < earliest || confirmedAt > Date.now() + clockSkewMilliseconds
    ? `it says that ${written.transition.at} is when the data plane confirmed it, which is not now`
    : null;
}

/** By the program's own rule, with what only the update itself knows: the time, and who did it and why. */
function expectedRecord(written: ChannelRecord, channel: JudgedChannel): ChannelRecord | null {
  const { record: before, transition, to, configuration } = channel;
  if (transition === null) return before;
  const confirmedAt = written.transition.at;
  const plan = {
    transition: { ...transition, startedAt: confirmedAt, attempt: configuration.settings.attempt },
    from: before === null ? null : positionOf(before),
    to,
    releases: [],
    why: "",
  };
  const entry = written.history.at(-1);
  if (entry === undefined) return null;
  const { transition: _id, from: _from, to: _to, ...attribution } = entry;
  return nextRecord(
    channel.name,
    before,
    plan,
    { id: transition.id, confirmedAt, services: {} },
    attribution,
  );
}
