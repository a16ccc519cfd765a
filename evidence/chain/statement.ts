import { z } from "zod";
import { backup } from "../../rollout/data-jobs";
import {
  confirmation,
  evidenceHead,
  historyEntry,
  packSignature,
  position,
  transitionKind,
} from "../../rollout/record";
import { restoreRef } from "../../rollout/restored-data";

/** in-toto's own form of an attestation: https://in-toto.io/Statement/v1. */
export const statementType = "https://in-toto.io/Statement/v1";
export const predicateType = "https://release-channels.dev/evidence/transition/v1";

const sha256 = evidenceHead.shape.sha256;
const time = z.iso.datetime();
/** Release id → share of the traffic in percent. */
const shares = z.record(z.string(), z.int().min(0).max(100));
/** As it stands under `releases`. */
const releaseId = z.string();

/** Where the traffic is; what a release is made of stands under `releases`. */
const place = z.object({
  state: position.shape.state,
  baseline: releaseId,
  candidate: releaseId.nullable(),
  weight: position.shape.weight,
  /** Names of those that go wholly to the candidate. */
  cohorts: z.array(z.string()),
});

const releaseRef = z.object({
  version: z.string(),
  /** sha256 of the canonical release file, and of the overlay it was taken with. */
  hash: z.string(),
  overlayHash: z.string(),
  /** Service → image, by digest. */
  images: z.record(z.string(), z.string()),
});

const plan = z.object({
  why: z.string(),
  releases: z.array(
    z.object({
      release: releaseId,
      side: z.enum(["baseline", "candidate"]),
      direction: z.enum(["rising", "falling"]),
      replicas: z.record(z.string(), z.int()),
    }),
  ),
  migrations: z.array(
    z.object({
      id: z.string(),
      release: releaseId,
      phase: z.string(),
      direction: z.enum(["up", "down"]),
      /** Name of its Job. */
      job: z.string(),
    }),
  ),
  /** Names of the Jobs beside them that this transition ran: copies, entries in the ledger. */
  companions: z.array(z.string()),
});

const verdict = z.object({
  gate: z.string(),
  status: z.enum(["pass", "fail", "hold", "skipped"]),
  reason: z.string(),
  observed: z.string().optional(),
  expected: z.string().optional(),
});

/** A file on disk that the transition rests on. */
const restedFile = z.object({
  /** Relative to the project. */
  path: z.string(),
  /** Of its bytes. */
  sha256,
  /** Gates that looked at it; none of what only says what is asked for. */
  gates: z.array(z.string()),
});
export type RestedFile = z.infer<typeof restedFile>;

const snapshot = z.object({
  /** Of the canonical content; null where nothing was collected: going back waits for nothing. */
  sha256: sha256.nullable(),
  /** What the gates looked at; null where nothing was collected, or it is too large to be kept. */
  content: z.record(z.string(), z.unknown()).nullable(),
  /** Why the content is left out. */
  omitted: z.string().nullable(),
});

const predicate = z.object({
  product: z.string(),
  channel: z.string(),
  /** Place in the channel's chain, from 1 on, and sha256 of the statement before this one. */
  sequence: evidenceHead.shape.sequence,
  previous: sha256.nullable(),
  /** Key id of who signs; null where nobody does, with the reason. A signature taken away shows by it. */
  signedBy: z.string().nullable(),
  unsigned: z.string().nullable(),
  transition: z.object({
    id: z.string(),
    kind: transitionKind,
    attempt: z.int(),
    startedAt: time,
    /** When the gates' inputs were collected; null where nothing was. */
    judgedAt: time.nullable(),
    /** When the data plane had shown it. */
    confirmedAt: time,
  }),
  /** Of the rollout that this transition is part of. */
  correlationId: z.string().nullable(),
  /** As the reports say that were in; usually one. */
  releaseCandidateIds: z.array(z.string()),
  from: place.nullable(),
  to: place,
  /** Service → what its route gives each release. */
  weights: z.record(z.string(), shares),
  releases: z.record(releaseId, releaseRef),
  plan,
  gates: z.array(verdict),
  snapshot,
  files: z.array(restedFile),
  actor: z.object({ name: z.string(), verifiedBy: z.enum(["cluster", "token"]).nullable() }),
  reason: z.string().nullable(),
  lane: historyEntry.shape.lane.unwrap().nullable(),
  approvals: historyEntry.shape.approvals.unwrap(),
  overrides: historyEntry.shape.overrides.unwrap(),
  /** The policy pack that judged it too, and how it was configured; null where there was none. */
  judgedBy: packSignature.nullable(),
  /** What the data plane answered. */
  confirmation: confirmation.omit({ id: true }),
  /** The copy of the data that was made in it. */
  backup: backup.nullable(),
  /** The restore that was taken into account with it, and the migrations it has taken back by now. */
  restored: restoreRef.nullable(),
  lost: z.array(z.string()),
});

/** What a transition leaves behind: which images it was about, and everything that was judged, done and seen. */
export const transitionStatement = z.object({
  _type: z.literal(statementType),
  /** Images of the release that it moves to, named by service. */
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256 }) })),
  predicateType: z.literal(predicateType),
  predicate,
});
export type TransitionStatement = z.infer<typeof transitionStatement>;
export type TransitionPredicate = z.infer<typeof predicate>;
