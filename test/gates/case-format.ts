import { z } from "zod";
import { releaseFile } from "../../config/schemas/release";
import { compatResult } from "../../policies/gates/input/compatibility";
import { evidenceItem } from "../../policies/gates/input/evidence";
import { approval, override } from "../../policies/gates/input/governance";
import { countedWindow, requestCounts } from "../../policies/gates/input/metrics";

/** Transitions that a case can be about; see `cases.ts`. */
export const transitionNames = [
  "install",
  "start-at-10",
  "again-from-0-to-10",
  "advance-to-30",
  "advance-to-100",
  "finalize",
  "clear-away",
  "contract",
  "rollback",
  "correct",
] as const;

const texts = z.record(z.string(), z.string());
const object = z.record(z.string(), z.unknown());

/** What the file of a release says beside what every one has here: `api` over HTTP, and `worker`. */
const releaseParts = z.strictObject({
  version: z.string().optional(),
  services: object.optional(),
  data: object.optional(),
  migrations: z.array(object).default([]),
  reconciliation: object.optional(),
  ledger: object.optional(),
  plugins: releaseFile.shape.plugins,
  peers: releaseFile.shape.peers,
  /** Of the channel: service → variable → value. */
  overlay: z.record(z.string(), texts).default({}),
});
export type ReleaseParts = z.infer<typeof releaseParts>;

const silent = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("unavailable"), problem: z.string() }),
  z.strictObject({ status: z.literal("not-configured") }),
]);

const counts = z
  .strictObject(requestCounts.shape)
  .extend({ errors: requestCounts.shape.errors.default(0), within: requestCounts.shape.within.default({}) });

const services = z.record(
  z.string(),
  z.strictObject({
    window: countedWindow.optional(),
    candidate: counts.nullable().default(null),
    baseline: counts.nullable().default(null),
    problem: z.string().nullable().default(null),
  }),
);

/** Of how the other channel does, what is otherwise than that it meets its objectives and has no source of incidents. */
const health = z.strictObject({
  status: z.literal("known").default("known"),
  /** As in its `slo.yaml`. */
  slo: object.optional(),
  services: services.nullable().optional(),
  /** As `incidents` in its section. */
  incidentPolicy: object.optional(),
  incidents: object.optional(),
});

const releaseIdentity = z.strictObject({ version: z.string(), hash: z.string() });

/** Of a record, what is otherwise than its position says. */
const remembered = z.strictObject({
  completed: z.array(object).optional(),
  rejected: z.array(object).optional(),
  braked: z.boolean().optional(),
  /** Ids of the candidate's migrations that were begun. */
  began: z.array(z.string()).optional(),
  contracted: z.array(z.string()).optional(),
  /** A restore that was taken into account, and ids of migrations that it took back. */
  restored: object.optional(),
  lost: z.array(z.string()).optional(),
  /** The attempt that is recorded. */
  attempt: z.int().optional(),
  correlations: texts.optional(),
  cohorts: z.array(object).optional(),
  history: z.array(object).optional(),
  sizes: z.record(z.string(), z.int()).optional(),
});
export type Remembered = z.infer<typeof remembered>;

/**
 * What is not named is as `transition` has it, and what is left out of an entry is in order. What is just an object
 * here is written whole, and checked by the schema of all gates' input.
 */
const snapshot = z
  .strictObject({
    takenAt: z.string(),
    live: object,
    /** Of the candidate: a migration by its id, or `reconciliation at 10`. */
    jobs: z.array(
      z.strictObject({
        of: z.string(),
        attempt: z.int().default(1),
        status: z.enum(["running", "complete", "failed"]),
        says: z.string().nullable().default(null),
      }),
    ),
    gateway: object,
    services: services.nullable(),
    split: object,
    pods: object,
    capacity: object,
    /** The other channel has completed the candidate, and still serves it, unless it is said otherwise. */
    promotion: z.union([
      silent,
      z.strictObject({
        status: z.literal("known"),
        record: remembered.nullable(),
        /** Another version has all of its traffic by now. */
        wentOn: z.boolean().default(false),
        health: z.union([silent, health]).prefault({}),
      }),
    ]),
    budget: object,
    incidents: object,
    /** The whole matrix was run for these releases and everything was as expected, but for what is said here. */
    compat: z.union([
      silent,
      z.strictObject({
        status: z.literal("known"),
        madeFor: z
          .strictObject({ candidate: releaseIdentity, baseline: releaseIdentity.nullable() })
          .partial()
          .default({}),
        /** By the case's id. */
        results: z.record(z.string(), z.strictObject(compatResult.shape).partial()).default({}),
        notRun: z.array(z.string()).default([]),
        /** By path; null for one that cannot be read any more. */
        fixtures: z.record(z.string(), z.string().nullable()).default({}),
      }),
    ]),
    sharing: object,
    artifact: object,
    /** Each report is in order, but for what is said of it. */
    evidence: z.union([
      silent,
      z.strictObject({
        status: z.literal("known"),
        items: z.array(z.strictObject(evidenceItem.shape).partial().required({ kind: true })),
      }),
    ]),
    evidenceKey: object,
    /** Signed by ann of operations for the judged release, an hour ago and for two. */
    governance: z.union([
      silent,
      z.strictObject({
        status: z.literal("known"),
        approvals: z.array(z.strictObject(approval.shape).partial()).default([]),
        overrides: z.array(z.strictObject(override.shape).partial()).default([]),
        rejected: z.array(object).default([]),
      }),
    ]),
    actor: object,
  })
  .partial();
export type SnapshotPatch = z.infer<typeof snapshot>;

const status = z.enum(["pass", "fail", "hold", "skipped"]);

/**
 * One file of `test/gates/<gate>/{good,bad}/`: a transition, what is otherwise than usual about it, and what the gate
 * says to it.
 */
export const gateCase = z.strictObject({
  title: z.string().min(1),
  of: z.enum(transitionNames),
  releases: z
    .strictObject({ baseline: releaseParts.prefault({}), candidate: releaseParts.prefault({}) })
    .prefault({}),
  input: z
    .strictObject({
      channelName: z.string(),
      /** As in `Pulumi.<channel>.yaml`, beside what every channel has here. */
      channel: object,
      record: remembered,
      reason: z.string().nullable(),
      lane: z.enum(["train", "hotfix"]),
      attempt: z.int(),
      /** As in `slo.yaml`; else `api` may have 1 % errors. */
      slo: object,
      /** That of `compat-reports.ts`. */
      compat: z.literal("matrix"),
      /** As in `evidence.yaml`. */
      evidence: object,
    })
    .partial()
    .extend({ snapshot: snapshot.default({}) })
    .prefault({}),
  expected: z.strictObject({
    status,
    /** Part of it. */
    reason: z.string().min(1),
    observed: z.string().optional(),
    expected: z.string().optional(),
    approvals: z.array(z.strictObject({ by: z.string(), scope: z.string() })).optional(),
    /** What other gates say to the same. */
    others: z.record(z.string(), status).default({}),
  }),
});
export type GateCase = z.infer<typeof gateCase>;
