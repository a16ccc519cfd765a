import type { StageSetting } from "../config/schemas/channel";
import type { MigrationOrder } from "../config/schemas/data-store";
import type { Cohort } from "./cohorts";
import type { LiveTraffic } from "./live";
import type { ChannelRecord, Intent, Position, TransitionKind } from "./record";
import type { Release } from "./release";

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
  /** Those of the configuration. */
  cohorts: Cohort[];
  rollbackWindowSeconds: number;
  migrationOrder: MigrationOrder;
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
  | ({ kind: "resume"; underlying: Exclude<TransitionKind, "resume">; otherwise: Proposal } & Step)
  /** Nothing to do; `held` where something is awaited or refused to be repeated. */
  | { kind: "none"; why: string; held: boolean }
  /** What is asked for cannot be right: the update ends before anything changes. */
  | { kind: "refuse"; why: string };

/** Whether exactly this candidate, file and overlay, is asked for. */
export function wants(desired: Desired, candidate: Release): boolean {
  return desired.release !== null && desired.release.id === candidate.id;
}
