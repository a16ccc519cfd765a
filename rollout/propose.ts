import type { StageSetting } from "../config/schemas/channel";
import { type ChannelRecord, type Intent, interrupted, type Position, type TransitionKind } from "./record";
import type { Release } from "./release";
import { nextStage } from "./stages";

/** Traffic of one channel as the cluster shows it. */
export interface LiveTraffic {
  /** Release id → share of the traffic, for each HTTP service that has a route. */
  routes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Transition id in the cluster's mirror of the record; null without a mirror. */
  mirror: { transition: string; at: string } | null;
}

/** What the person asks for. */
export interface Desired {
  version: string;
  /** Null where the file is not needed and not to be had: going back to a release that is in the record. */
  release: Release | null;
  /** Hash of the channel's present overlay. */
  overlayHash: string;
  stage: StageSetting;
  attempt: number;
}

export interface ProposeInput {
  record: ChannelRecord | null;
  intent: Intent | null;
  desired: Desired;
  live: LiveTraffic;
  stages: readonly number[];
  rollbackWindowSeconds: number;
  /** ISO 8601. */
  now: string;
}

interface Step {
  to: Position;
  why: string;
}

export type Proposal =
  /** A change of stage, to be judged by the gates. */
  | ({ kind: Exclude<TransitionKind, "resume"> } & Step)
  /** The unfinished transition `underlying`, to be finished if its gates are open, and else given up. */
  | ({ kind: "resume"; underlying: TransitionKind; otherwise: Proposal } & Step)
  /** Nothing to do; `held` where something is awaited or refused to be repeated. */
  | { kind: "none"; why: string; held: boolean }
  /** What is asked for cannot be right: the update ends before anything changes. */
  | { kind: "refuse"; why: string };

/** The one transition this update is about. */
export function propose(input: ProposeInput): Proposal {
  const { record, intent, desired, live } = input;
  const lost = lostMemory(record, intent, live);
  if (lost !== null) return { kind: "refuse", why: lost };
  if (record === null) return install(desired);
  const edited = editedRelease(record, desired);
  if (edited !== null) return { kind: "refuse", why: edited };
  if (wantsRollback(record, desired)) return rollback(record, desired);
  return continueInterrupted(input, record) ?? correctLive(record, live) ?? follow(input, record);
}

function lostMemory(record: ChannelRecord | null, intent: Intent | null, live: LiveTraffic): string | null {
  const wayOut =
    "the channel's state was lost or belongs to another backend. Nothing was changed. Restore the stack's state (pulumi stack import), or point the channel at another namespace";
  if (record === null && intent === null && Object.keys(live.routes).length > 0) {
    return `routes of this channel are live in the cluster, but the stack has no record of them: ${wayOut}.`;
  }
  if (record === null && live.mirror !== null) {
    return `the cluster holds this channel's record of transition ${live.mirror.transition}, but the stack has none: ${wayOut}.`;
  }
  if (record !== null && live.mirror !== null && live.mirror.at > record.transition.at) {
    return `the cluster's mirror shows transition ${live.mirror.transition} of ${live.mirror.at}, which is newer than the stack's record (${record.transition.id} of ${record.transition.at}): ${wayOut}.`;
  }
  return null;
}

function install(desired: Desired): Proposal {
  if (desired.release === null) return missingFile(desired);
  return {
    kind: "install",
    to: { state: "steady", baseline: desired.release, candidate: null, weight: 0 },
    why: `first release of this channel`,
  };
}

function missingFile(desired: Desired): Proposal {
  return { kind: "refuse", why: `there is no release file for ${desired.version}` };
}

/** A release file is immutable from the moment its rollout began. */
function editedRelease(record: ChannelRecord, { release, version }: Desired): string | null {
  if (release === null || version === record.baseline.version) return null;
  const { candidate } = record;
  if (candidate === null || candidate.version !== version || record.state === "rolled-back") return null;
  if (candidate.hash !== release.hash) {
    return `the release file of ${version} was edited after its rollout began. Restore it, or release the change as a new version.`;
  }
  if (candidate.overlayHash !== release.overlayHash) {
    return `the channel's environment overlay was edited while ${version} is being rolled out. Restore it, or finish or roll back first.`;
  }
  return null;
}

function wants(desired: Desired, candidate: Release): boolean {
  return desired.release !== null && desired.release.id === candidate.id;
}

/** Going back waits for nothing: neither for an unfinished update nor for weights to be put right first. */
function wantsRollback(record: ChannelRecord, desired: Desired): boolean {
  const { candidate, state, baseline } = record;
  if (candidate === null || state === "rolled-back" || wants(desired, candidate)) return false;
  return state === "rolling" || desired.version === baseline.version;
}

/** Finishes what a killed or failed update set out to do, or goes safely back to the record. */
function continueInterrupted(input: ProposeInput, record: ChannelRecord): Proposal | null {
  const { intent, live } = input;
  if (intent === null || !interrupted(record, intent)) return null;
  const otherwise = giveUp(record, intent, live);
  if (!stillWanted(input, record, intent)) return otherwise;
  return {
    kind: "resume",
    underlying: intent.kind,
    to: intent.target,
    why: `the update that began at ${intent.startedAt} (${intent.kind}) did not get to its end`,
    otherwise,
  };
}

function stillWanted({ desired }: ProposeInput, record: ChannelRecord, { kind, target }: Intent): boolean {
  const cleansUp = kind === "finalize" && target.baseline.id === record.baseline.id;
  if (cleansUp) return true;
  if (desired.stage === "hold") return false;
  if (typeof desired.stage === "number" && target.weight > desired.stage) return false;
  if (target.candidate === null || target.weight === 0) return desired.version === target.baseline.version;
  return wants(desired, target.candidate);
}

function giveUp(record: ChannelRecord, { target, startedAt }: Intent, live: LiveTraffic): Proposal {
  if (record.candidate !== null) return backToRecord(record, live);
  const hadTraffic = target.candidate !== null && Math.max(0, ...liveShares(live, target.candidate)) > 0;
  if (hadTraffic) {
    return {
      kind: "rollback",
      to: { state: "rolled-back", baseline: record.baseline, candidate: target.candidate, weight: 0 },
      why: `an unfinished update had begun to send traffic to ${target.candidate?.version}`,
    };
  }
  return {
    kind: "correct",
    to: positionOf(record),
    why: `the unfinished update of ${startedAt} is given up; no traffic had moved`,
  };
}

/** Live weights that the record does not know are never raised: the lower of the two counts. */
function correctLive(record: ChannelRecord, live: LiveTraffic): Proposal | null {
  const routes = Object.values(live.routes);
  const services = Object.keys(live.routes);
  const known = new Set([record.baseline.id, record.candidate?.id]);
  const strangers = routes.some((route) =>
    Object.entries(route).some(([release, share]) => share > 0 && !known.has(release)),
  );
  const shares = liveShares(live, record.candidate);
  const drifted = strangers || shares.some((share) => share !== record.weight);
  const missing = expectedRoutes(record).some((service) => !services.includes(service));
  if (!drifted && !missing) return null;
  return backToRecord(record, live);
}

function backToRecord(record: ChannelRecord, live: LiveTraffic): Proposal {
  const shares = liveShares(live, record.candidate);
  const weight = Math.floor(Math.min(record.weight, ...shares));
  const seen = shares.length === 0 ? "no route" : `${shares.join(", ")} %`;
  if (record.candidate === null || record.state === "rolled-back" || weight === record.weight) {
    return {
      kind: "correct",
      to: positionOf(record),
      why: `live traffic differs from the record (recorded ${record.weight} %, live ${seen})`,
    };
  }
  return {
    kind: "correct",
    to: { state: "rolling", baseline: record.baseline, candidate: record.candidate, weight },
    why: `the candidate's live share was lowered from ${record.weight} % to ${weight} % outside of this program: adopted, and held`,
  };
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
      return {
        kind: "finalize",
        to: { state: "steady", baseline: record.baseline, candidate: null, weight: 0 },
        why: `${record.candidate?.version} was rolled back and is no longer needed`,
      };
  }
}

function followSteady({ desired, stages }: ProposeInput, record: ChannelRecord): Proposal {
  const { baseline } = record;
  const sameVersion = desired.version === baseline.version;
  if (sameVersion && desired.release !== null && desired.release.hash !== baseline.hash) {
    return {
      kind: "refuse",
      why: `the release file of ${desired.version} was edited after its rollout began. Restore it, or release the change as a new version.`,
    };
  }
  const sameOverlay =
    desired.overlayHash === baseline.overlayHash || desired.overlayHash === record.setAsideOverlay;
  if (sameVersion && (sameOverlay || desired.release === null)) return nothing(`${baseline.version} is live`);
  if (desired.release === null) return missingFile(desired);
  const { hash } = desired.release;
  const rejected = record.rejected.findLast(
    (entry) => entry.version === desired.version && entry.hash === hash && entry.attempt >= desired.attempt,
  );
  if (rejected !== undefined) {
    return held(
      `${rejected.version} was rolled back on ${rejected.at} (attempt ${rejected.attempt}); to try it again: pulumi config set attempt ${rejected.attempt + 1}`,
    );
  }
  if (desired.stage === "hold") return held("stage is `hold`");
  const weight = nextStage(stages, 0) ?? 100;
  return {
    kind: "start",
    to: positionAt(baseline, desired.release, weight),
    why: `${desired.release.version} is to replace ${baseline.version}`,
  };
}

function followRolling({ desired, stages }: ProposeInput, record: ChannelRecord): Proposal {
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
      `the candidate was taken to ${record.weight} % by hand; to go on: pulumi config set attempt ${record.attempt + 1}, to go back: pulumi config set version ${record.baseline.version}`,
    );
  }
  const weight = nextStage(stages, record.weight) ?? 100;
  if (typeof desired.stage === "number" && weight > desired.stage) {
    return nothing(`${candidate.version} is at ${record.weight} %, as stage ${desired.stage} asks`);
  }
  return {
    kind: "advance",
    to: positionAt(record.baseline, candidate, weight),
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
    const windowEnds = new Date(Date.parse(record.since) + rollbackWindowSeconds * 1000).toISOString();
    if (now < windowEnds)
      return nothing(
        `${candidate.version} has all traffic; ${record.baseline.version} is kept ready until ${windowEnds}`,
      );
    return finalize;
  }
  return { ...finalize, why: `${finalize.why} early, because ${desired.version} is asked for` };
}

function rollback(record: ChannelRecord, desired: Desired): Proposal {
  const { baseline, candidate } = record;
  const why =
    desired.version === baseline.version
      ? `back to ${baseline.version}`
      : `${desired.version} is asked for while ${candidate?.version} is being rolled out: back to ${baseline.version} first`;
  return { kind: "rollback", to: { state: "rolled-back", baseline, candidate, weight: 0 }, why };
}

function positionAt(baseline: Release, candidate: Release, weight: number): Position {
  return { state: weight === 100 ? "completed" : "rolling", baseline, candidate, weight };
}

export function positionOf({ state, baseline, candidate, weight }: Position): Position {
  return { state, baseline, candidate, weight };
}

function nothing(why: string): Proposal {
  return { kind: "none", why, held: false };
}

function held(why: string): Proposal {
  return { kind: "none", why, held: true };
}

function expectedRoutes(record: ChannelRecord): string[] {
  return Object.entries(record.baseline.services)
    .filter(([, service]) => service.http !== undefined)
    .map(([name]) => name);
}

function liveShares(live: LiveTraffic, candidate: Release | null): number[] {
  return Object.values(live.routes).map((route) => (candidate === null ? 0 : (route[candidate.id] ?? 0)));
}
