import { z } from "zod";
import { cohort } from "./cohorts";
import { backup, companionJob } from "./data-jobs";
import { migrationRun } from "./migrations";
import { release } from "./release";
import { restoreRef } from "./restored-data";

export const transitionKind = z.enum([
  "install",
  "start",
  "advance",
  "finalize",
  "rollback",
  "resume",
  "correct",
]);
export type TransitionKind = z.infer<typeof transitionKind>;

/** ISO 8601, UTC. */
const time = z.iso.datetime();

/** One change of stage, and when it was confirmed at the data plane. */
const transitionRef = z.object({ id: z.string(), kind: transitionKind, at: time });
export type TransitionRef = z.infer<typeof transitionRef>;

/**
 * Where a channel stands: `steady` one release, `rolling` a candidate with a share of the traffic, `completed`
 * the candidate at 100 % with its baseline kept ready, `rolled-back` the candidate at 0 % and to be removed.
 */
const channelState = z.enum(["steady", "rolling", "completed", "rolled-back"]);
export type ChannelState = z.infer<typeof channelState>;

/** A share of the traffic in percent. */
const weight = z.int().min(0).max(100);

/** What a channel's traffic looks like: at most two live releases; the baseline has what the candidate has not. */
export const position = z.object({
  state: channelState,
  baseline: release,
  candidate: release.nullable(),
  weight,
  /** Of this rollout, as they were configured when its last step was judged; see `activeCohorts`. */
  cohorts: z.array(cohort).optional(),
});
export type Position = z.infer<typeof position>;

/** The policy pack that judged a transition as well as the program did, and how it was configured. */
export const packSignature = z.object({
  name: z.string(),
  version: z.string(),
  /** What it asked beyond the channel's own configuration. */
  tightening: z.record(z.string(), z.unknown()),
  /** Names of its policies whose level was configured to be another than the pack's own. */
  loosened: z.array(z.string()),
});
export type PackSignature = z.infer<typeof packSignature>;

/** The newest evidence of a channel: its place in the chain, and the sha256 of its statement. */
export const evidenceHead = z.object({
  sequence: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type EvidenceHead = z.infer<typeof evidenceHead>;

export const historyEntry = z.object({
  transition: transitionRef,
  from: z.object({ version: z.string().nullable(), weight }),
  to: z.object({ version: z.string(), weight }),
  actor: z.string(),
  reason: z.string().nullable(),
  // What follows is missing in entries of earlier programs, and stays so: a record is not rewritten in passing.
  /** What vouches for the actor's name; null where it is only claimed by the environment. */
  verifiedBy: z.enum(["cluster", "token"]).nullable().optional(),
  lane: z.enum(["train", "hotfix"]).optional(),
  /** Signed approvals that gates counted. */
  approvals: z.array(z.object({ by: z.string(), scope: z.string() })).optional(),
  /** Gates that were passed in spite of their verdict. */
  overrides: z
    .array(z.object({ gate: z.string(), by: z.string(), reason: z.string(), expiresAt: time }))
    .optional(),
  /** Written by the pack itself; missing where none was in force. */
  judgedBy: packSignature.optional(),
  /** The copy that was made before its migrations. */
  backup: backup.optional(),
  /** The restore that was taken into account with it. */
  restored: restoreRef.optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** A version that reached 100 % here and was not rolled back since. */
const completedRelease = z.object({ version: z.string(), hash: z.string(), at: time });

/** A candidate that was rolled back: not started again until the attempt is raised. */
const rejectedRelease = z.object({
  version: z.string(),
  hash: z.string(),
  attempt: z.int(),
  at: time,
  reason: z.string().nullable(),
});
export type RejectedRelease = z.infer<typeof rejectedRelease>;

/** The channel's memory: only what the data plane confirmed. */
export const channelRecord = position.extend({
  schema: z.literal(1),
  channel: z.string(),
  transition: transitionRef,
  /** When the candidate got its present weight: the confirmation's end. */
  since: time,
  attempt: z.int(),
  completed: z.array(completedRelease),
  rejected: z.array(rejectedRelease),
  /** Hash of an overlay that came with a release rolled back: seen, and not to be rolled out by itself. */
  setAsideOverlay: z.string().nullable(),
  /** Release id → correlation id; see `correlation.ts`. */
  correlations: z.record(z.string(), z.string()).optional(),
  /** Newest last, bounded. */
  history: z.array(historyEntry),
  /** Runs of migrations whose Jobs are kept until this rollout is over. */
  migrations: z.array(migrationRun).optional(),
  /** Jobs beside them, kept as long. */
  companions: z.array(companionJob).optional(),
  /** Ids of the contract migrations that have run: no release that lacks one can read this data. */
  contracted: z.array(z.string()).optional(),
  /** The newest restore of the data that was taken into account. */
  restored: restoreRef.optional(),
  /** Ids of the migrations that restores have taken back and nothing has run again. */
  lost: z.array(z.string()).optional(),
  /** Full size of each autoscaled service of this rollout, in pods, as it was when the candidate last got more. */
  sizes: z.record(z.string(), z.int().min(1)).optional(),
  /** A weight lowered by a human hand was adopted: not raised until the attempt is. */
  braked: z.boolean(),
  /** Of the transition; missing in records of earlier programs. */
  evidence: evidenceHead.optional(),
});
export type ChannelRecord = z.infer<typeof channelRecord>;

/** What an update sets out to do, written before its first change. */
export const intent = z.object({
  schema: z.literal(1),
  id: z.string(),
  kind: transitionKind,
  startedAt: time,
  target: position,
  attempt: z.int(),
  /** Written by the pack itself, before anything is changed; missing where none is in force. */
  judgedBy: packSignature.optional(),
});
export type Intent = z.infer<typeof intent>;

/** What the data plane answered, from the confirmation. */
export const confirmation = z.object({
  id: z.string(),
  confirmedAt: time,
  services: z.record(
    z.string(),
    z.object({
      asked: z.number(),
      observed: z.number(),
      probes: z.number(),
      candidate: z.number(),
      /** Of the gateway that were asked, where there are several: each by itself showed the weight. */
      replicas: z.number().optional(),
      /** Cohort → probes that were answered, all of them by its release. */
      cohorts: z.record(z.string(), z.number()).optional(),
    }),
  ),
});

export type Confirmation = z.infer<typeof confirmation>;

/** What was seen of several groups of services, one after the other. */
export function together(confirmations: readonly Confirmation[]): Confirmation {
  const last = confirmations.reduce((newest, one) => (one.confirmedAt > newest.confirmedAt ? one : newest));
  const services = Object.assign({}, ...confirmations.map((one) => one.services)) as Confirmation["services"];
  return { ...last, services };
}

export const historyLength = 50;

/** The update that wrote the intent did not get to its end. */
export function interrupted(record: ChannelRecord | null, intent: Intent | null): boolean {
  return intent !== null && intent.id !== record?.transition.id;
}

export function positionOf({ state, baseline, candidate, weight, cohorts }: Position): Position {
  return { state, baseline, candidate, weight, ...withCohorts(cohorts) };
}

/** Left out where there are none, as in records of before. */
export function withCohorts(cohorts: Position["cohorts"]): Pick<Position, "cohorts"> {
  return cohorts === undefined || cohorts.length === 0 ? {} : { cohorts };
}
