import { continueInterrupted, unreadable } from "./interrupted";
import { correctLive, lostMemory } from "./live";
import { broughtMigrations, endsRollbackWindow, pendingContracts } from "./migrations";
import { type Desired, type Proposal, type ProposeInput, wants } from "./proposal";
import { type ChannelRecord, interrupted, type Position, withCohorts } from "./record";
import type { Release } from "./release";
import { afterRestore } from "./restored";
import { nextStage } from "./stages";
import { switchThatRan } from "./switched";

/** The one transition this update is about. */
export function propose(asked: ProposeInput): Proposal {
  const { record, live } = afterRestore(asked.record, asked.live);
  const input = { ...asked, record, live };
  const { intent, desired } = input;
  const lost = lostMemory(record, intent, live);
  if (lost !== null) return { kind: "refuse", why: lost };
  const { autoscalersUnread } = live;
  const edited = record === null ? null : editedRelease(record, desired);
  if (edited !== null) return { kind: "refuse", why: edited };
  if (record !== null && wantsRollback(record, desired)) return rollback(input, record);
  if (autoscalersUnread !== undefined) return unknownAutoscalers(autoscalersUnread);
  if (record === null) return install(desired);
  if (live.unread !== undefined && record.candidate !== null) {
    // A hand may have lowered the share meanwhile: only going back can be done without knowing.
    const end = unreadable(live.unread);
    return interrupted(record, intent) ? end : held(end.why);
  }
  return continueInterrupted(input, record) ?? correctLive(record, live) ?? follow(input, record);
}

/** What is asked for by configuration may not be what somebody's own autoscaler has found. */
function unknownAutoscalers(why: string): Proposal {
  return {
    kind: "refuse",
    why: `whether somebody's own autoscaler decides on the channel's pods is not known, and only going back can do without: ${why}`,
  };
}

/** Also over an installation that did not get to its end: nothing of it has been confirmed. */
function install(desired: Desired): Proposal {
  if (desired.release === null) return missingFile(desired);
  if (desired.stage === "hold") return held("stage is `hold`");
  return {
    kind: "install",
    to: { state: "steady", baseline: desired.release, candidate: null, weight: 0 },
    why: "first release of this channel",
  };
}

function missingFile(desired: Desired): Proposal {
  return { kind: "refuse", why: `there is no release file for ${desired.version}` };
}

/** A release file is immutable from the moment its rollout began, and so is the overlay it was taken with. */
function editedRelease(record: ChannelRecord, { release, version, overlayHash }: Desired): string | null {
  const { baseline, candidate, state } = record;
  if (candidate === null || state === "rolled-back" || candidate.version !== version) return null;
  if (release !== null && candidate.hash !== release.hash) {
    return edited(version);
  }
  const sameOverlay = candidate.overlayHash === overlayHash;
  const goesBack = version === baseline.version && !sameOverlay;
  if (state === "rolling" && !sameOverlay && !goesBack) {
    return `the channel's environment overlay was edited while ${version} is being rolled out. Restore it, or finish or roll back first.`;
  }
  if (release === null && !goesBack) {
    return `the release file of ${version}, which is being rolled out, cannot be read. Restore it.`;
  }
  return null;
}

function edited(version: string): string {
  return `the release file of ${version} was edited after its rollout began. Restore it, or release the change as a new version.`;
}

/** Going back waits for nothing: neither for an unfinished update nor for weights to be put right first. */
function wantsRollback(record: ChannelRecord, desired: Desired): boolean {
  const { candidate, state, baseline } = record;
  if (candidate === null || state === "rolled-back" || wants(desired, candidate)) return false;
  if (state === "rolling") return true;
  // Two releases of one version are told apart by their overlays; a third overlay is something new.
  const sameVersion = candidate.version === baseline.version;
  return (
    desired.version === baseline.version && (!sameVersion || desired.overlayHash === baseline.overlayHash)
  );
}

function follow(input: ProposeInput, record: ChannelRecord): Proposal {
  switch (record.state) {
    case "steady":
      return followSteady(input, record);
    case "rolling":
      return followRolling(input, record);
    case "completed":
      return followCompleted(input, record);
    case "rolled-back":
      if (input.desired.stage === "hold") return held("stage is `hold`");
      return {
        kind: "finalize",
        to: { state: "steady", baseline: record.baseline, candidate: null, weight: 0 },
        why: `${record.candidate?.version} was rolled back and is no longer needed`,
      };
  }
}

function followSteady(input: ProposeInput, record: ChannelRecord): Proposal {
  const { desired, stages, cohorts } = input;
  const { baseline } = record;
  const sameVersion = desired.version === baseline.version;
  const begun = [baseline, ...record.rejected, ...record.completed];
  const { release } = desired;
  if (begun.some(({ version, hash }) => version === release?.version && hash !== release.hash)) {
    return { kind: "refuse", why: edited(desired.version) };
  }
  const sameOverlay =
    desired.overlayHash === baseline.overlayHash || desired.overlayHash === record.setAsideOverlay;
  if (sameVersion && sameOverlay) return contract(input, record) ?? nothing(`${baseline.version} is live`);
  if (desired.release === null) return missingFile(desired);
  const rejected = record.rejected.findLast(
    (entry) => entry.version === desired.version && entry.attempt >= desired.attempt,
  );
  if (rejected !== undefined) {
    return held(
      `${rejected.version} was rolled back on ${rejected.at} (attempt ${rejected.attempt}); to try it again: pulumi config set attempt ${rejected.attempt + 1}, and pulumi config set reason "…"`,
    );
  }
  if (desired.stage === "hold") return held("stage is `hold`");
  const earlier = contractBefore(input, record, desired.release);
  if (earlier !== null) return earlier;
  const weight = nextStage(stages, 0) ?? 100;
  if (typeof desired.stage === "number" && weight > desired.stage) {
    return held(`stage ${desired.stage} is below the first stage, ${weight} %`);
  }
  return {
    kind: "start",
    to: positionAt(baseline, desired.release, weight, cohorts),
    why: `${desired.release.version} is to replace ${baseline.version}`,
  };
}

/** What a migration's tool would run on the way to those of the next release has its own time, and comes before it. */
function contractBefore(input: ProposeInput, record: ChannelRecord, next: Release): Proposal | null {
  const brought = broughtMigrations(next, record.baseline, record);
  // What a restore has taken back is run again by the next release itself.
  const again = (record.lost ?? []).length > 0;
  if (input.migrationOrder === "independent" || brought.length === 0 || again) return null;
  const step = contract(input, record);
  if (step === null) return null;
  const why = `${step.why}. ${next.version} brings ${names(brought)}, which comes after it (where each migration's command runs that one alone: migrations.order: independent)`;
  return step.kind === "finalize" ? { ...step, why } : held(why);
}

function names(migrations: readonly { id: string }[]): string {
  return migrations.map(({ id }) => id).join(", ");
}

/** What the retired release still needed goes when it is gone, in an update of its own. */
function contract(
  { desired, rollbackWindowSeconds, now }: ProposeInput,
  record: ChannelRecord,
): Proposal | null {
  const { version, hash } = record.baseline;
  const pending = names(pendingContracts(record));
  if (pending === "") return null;
  if (desired.stage === "hold") return held("stage is `hold`");
  const completed = record.completed.findLast((entry) => entry.version === version && entry.hash === hash);
  const windowEnds = endOfWindow(completed?.at ?? record.since, rollbackWindowSeconds);
  // The old release may be gone before: another version was asked for meanwhile.
  if (now < windowEnds) return nothing(`${version} is live; ${pending} waits until ${windowEnds}`);
  return {
    kind: "finalize",
    to: { state: "steady", baseline: record.baseline, candidate: null, weight: 0 },
    why: `${record.baseline.version} is alone; ${pending} takes away what older releases needed`,
  };
}

function followRolling({ desired, stages, cohorts }: ProposeInput, record: ChannelRecord): Proposal {
  const candidate = record.candidate as Release;
  if (desired.stage === "hold") return held("stage is `hold`");
  if (typeof desired.stage === "number" && desired.stage < record.weight) {
    return {
      kind: "refuse",
      why: `stage ${desired.stage} is below the ${record.weight} % that ${candidate.version} has. A share is lowered by rolling back: pulumi config set version ${record.baseline.version}`,
    };
  }
  if (record.braked && desired.attempt <= record.attempt) {
    return held(
      `the candidate was braked by hand, at ${record.weight} %; to go on: pulumi config set attempt ${record.attempt + 1} and pulumi config set reason "…", to go back: pulumi config set version ${record.baseline.version}`,
    );
  }
  const weight = nextStage(stages, record.weight) ?? 100;
  if (typeof desired.stage === "number" && weight > desired.stage) {
    return nothing(`${candidate.version} is at ${record.weight} %, as stage ${desired.stage} asks`);
  }
  return {
    kind: "advance",
    to: positionAt(record.baseline, candidate, weight, cohorts),
    why: `${candidate.version} has ${record.weight} %`,
  };
}

function followCompleted(input: ProposeInput, record: ChannelRecord): Proposal {
  const { desired, rollbackWindowSeconds, now } = input;
  const candidate = record.candidate as Release;
  const finalize: Proposal = {
    kind: "finalize",
    to: { state: "steady", baseline: candidate, candidate: null, weight: 0 },
    why: `${candidate.version} has all traffic; ${record.baseline.version} is retired`,
  };
  if (wants(desired, candidate)) {
    if (desired.stage === "hold") return held("stage is `hold`");
    if (typeof desired.stage === "number" && desired.stage < 100) {
      return {
        kind: "refuse",
        why: `stage ${desired.stage} is below the 100 % that ${candidate.version} has. A share is lowered by rolling back: pulumi config set version ${record.baseline.version}`,
      };
    }
    const windowEnds = endOfWindow(record.since, rollbackWindowSeconds);
    if (now < windowEnds && endsRollbackWindow(record) === undefined)
      return nothing(
        `${candidate.version} has all traffic; ${record.baseline.version} is kept ready until ${windowEnds}`,
      );
    return finalize;
  }
  if (desired.stage === "hold") return held("stage is `hold`");
  if (desired.release === null) return missingFile(desired);
  return { ...finalize, why: `${finalize.why} early, because ${desired.version} is asked for` };
}

function endOfWindow(since: string, seconds: number): string {
  return new Date(Date.parse(since) + seconds * 1000).toISOString();
}

function rollback({ desired, live, intent }: ProposeInput, record: ChannelRecord): Proposal {
  const { baseline, candidate } = record;
  const switched = switchThatRan(record, intent, live);
  if (switched !== null) {
    const { restored } = live;
    const unread =
      restored !== undefined && "problem" in restored
        ? `. Whether it was restored is not known: ${restored.problem}`
        : "";
    const why = switched.known
      ? `${candidate?.version} has switched its data to a form that ${baseline.version} cannot rely on (migration ${switched.id}), so it cannot be rolled back. Release what mends it as a new version, or restore the backup made before it: docs/backup.md`
      : `${candidate?.version} may have switched its data to a form that ${baseline.version} cannot rely on: migration ${switched.id} was cut off, so it is not known how far it came. Ask for ${candidate?.version} again, which repeats it until it is through or fails by itself: pulumi config set version ${candidate?.version}`;
    return { kind: "refuse", why: `${why}${unread}` };
  }
  const why =
    desired.version === baseline.version
      ? `back to ${baseline.version}`
      : `${desired.version} is asked for while ${candidate?.version} is being rolled out: back to ${baseline.version} first`;
  const to: Position = { state: "rolled-back", baseline, candidate, weight: 0 };
  return { kind: "rollback", to: { ...to, ...withCohorts(record.cohorts) }, why };
}

/** With the cohorts that are configured now: what is in force is changed by a judged step only. */
function positionAt(
  baseline: Release,
  candidate: Release,
  weight: number,
  cohorts: ProposeInput["cohorts"],
): Position {
  if (weight === 100) return { state: "completed", baseline, candidate, weight };
  return { state: "rolling", baseline, candidate, weight, ...withCohorts(cohorts) };
}

function nothing(why: string): Proposal {
  return { kind: "none", why, held: false };
}

function held(why: string): Proposal {
  return { kind: "none", why, held: true };
}
