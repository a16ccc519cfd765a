import { bothHave } from "./cohorts";
import { backToRecord, cohortTaken, type LiveTraffic, listedShares, liveShares } from "./live";
import { type Proposal, type ProposeInput, wants } from "./proposal";
import {
  type ChannelRecord,
  type Intent,
  interrupted,
  positionOf,
  type TransitionKind,
  withCohorts,
} from "./record";
import { switchThatRan } from "./switched";

/** Finishes what a killed or failed update set out to do, or goes safely back to the record. */
export function continueInterrupted(input: ProposeInput, record: ChannelRecord): Proposal | null {
  const { intent, live } = input;
  if (intent === null || !interrupted(record, intent)) return null;
  if (cannotGoBack(record, intent, live)) {
    // Its traffic had arrived: what is recorded would give a share of it to a release that cannot rely on the data.
    return {
      kind: "resume",
      underlying: "correct",
      to: intent.target,
      why: `the update that began at ${intent.startedAt} (${intent.kind}) had switched the data, so it is brought to its end`,
      otherwise: backToRecord(record, live),
    };
  }
  if (live.unread !== undefined && mayHaveBegun(input, intent)) return unreadable(live.unread);
  const otherwise = giveUp(record, intent, live);
  if (!stillWanted(input, record, intent)) return otherwise;
  return {
    kind: "resume",
    underlying: transitionBetween(record, intent),
    to: intent.target,
    why: `the update that began at ${intent.startedAt} (${intent.kind}) did not get to its end`,
    otherwise,
  };
}

/** A release that is still asked for, and that may have traffic already: neither finished nor taken away unseen. */
function mayHaveBegun({ desired }: ProposeInput, { target }: Intent): boolean {
  const { candidate, state } = target;
  return candidate !== null && state !== "rolled-back" && wants(desired, candidate);
}

/** The end of an update that cannot know where an unfinished one has left the weights. */
export function unreadable(why: string): Proposal {
  return { kind: "refuse", why: `the live weights cannot be read: ${why}` };
}

/** A switch comes when the data plane had shown all traffic; a share that a hand has lowered since stays lowered. */
function cannotGoBack(record: ChannelRecord, intent: Intent, live: LiveTraffic): boolean {
  const { target } = intent;
  const arrived = listedShares(live, target).every((share) => share >= target.weight);
  return target.state === "completed" && arrived && switchThatRan(record, intent, live) !== null;
}

/** What a target means from here, whatever the update that wanted it called itself: no share rises unjudged. */
function transitionBetween(
  record: ChannelRecord,
  { kind, target }: Intent,
): Exclude<TransitionKind, "resume"> {
  const { baseline, candidate, weight, state } = target;
  if (candidate === null) {
    const stays = baseline.id === record.baseline.id && record.candidate === null;
    return stays && kind !== "finalize" ? "correct" : "finalize";
  }
  if (state === "rolled-back") return "rollback";
  if (candidate.id !== record.candidate?.id) return "start";
  return weight > record.weight ? "advance" : "correct";
}

function stillWanted(
  { desired, live }: ProposeInput,
  record: ChannelRecord,
  { kind, target }: Intent,
): boolean {
  const cleansUp = kind === "finalize" && target.baseline.id === record.baseline.id;
  // Of a contract it is only finished where it is still asked for: one that fails must not stand in a release's way.
  if (cleansUp && record.candidate !== null) return true;
  const brakedSince = liveShares(live, record).some((share) => share < record.weight);
  const begunAndBraked = listedShares(live, target).some((share) => share < target.weight);
  const sameCandidate = target.candidate?.id === record.candidate?.id;
  const written = sameCandidate ? { ...record, cohorts: bothHave(record.cohorts, target.cohorts) } : target;
  if (brakedSince || (!sameCandidate && begunAndBraked) || cohortTaken(live, written)) return false;
  if (desired.stage === "hold") return false;
  if (typeof desired.stage === "number" && target.weight > desired.stage) return false;
  if (target.candidate === null || target.weight === 0) return desired.version === target.baseline.version;
  return wants(desired, target.candidate);
}

function giveUp(record: ChannelRecord, { target, startedAt }: Intent, live: LiveTraffic): Proposal {
  if (record.candidate !== null) return backToRecord(record, live);
  const { candidate } = target;
  // Also at 0 %: then a hand, or a rollback that did not get to its end, has taken its traffic away again.
  const begun = listedShares(live, target).length > 0;
  if (candidate !== null && (begun || live.unread !== undefined)) {
    const { baseline } = record;
    return {
      kind: "rollback",
      to: { state: "rolled-back", baseline, candidate, weight: 0, ...withCohorts(target.cohorts) },
      why: begun
        ? `an unfinished update had begun to send traffic to ${candidate.version}`
        : `an unfinished update may have begun to send traffic to ${candidate.version}: ${live.unread}`,
    };
  }
  return {
    kind: "correct",
    to: positionOf(record),
    why: `the unfinished update of ${startedAt} is given up; no traffic had moved`,
  };
}
