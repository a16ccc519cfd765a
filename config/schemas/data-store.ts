import { z } from "zod";
import { durationSeconds } from "./duration";
import { command } from "./migration";
import { dnsLabel, environment, imageByDigest } from "./names";
import { resources, secretReference, secretReferences } from "./workload";

/**
 * What one migration's command does: with `sequential`, all that comes before it in the release's list and has not run,
 * as Flyway and golang-migrate do up to a version; with `independent`, that one alone.
 */
const migrationOrder = z.enum(["sequential", "independent"], {
  error: "expected sequential or independent",
});
export type MigrationOrder = z.infer<typeof migrationOrder>;

/** How migrations reach the channel's data store. */
export const migrationPolicy = z.strictObject({
  secrets: secretReferences,
  order: migrationOrder.default("sequential"),
  /** How long a migration may take that does not say it itself. */
  deadline: durationSeconds.default(120),
  resources,
  /** Where the ledger is kept; without it migrations rest on their tool's own, and only expand is taken. */
  ledger: z
    .strictObject({
      /** URL of the PostgreSQL database. */
      url: secretReference,
      /** Longest wait for another migration of the same database to end. */
      lockWithin: durationSeconds.default(60),
    })
    .optional(),
});
export type MigrationPolicy = z.infer<typeof migrationPolicy>;

const backupJob = z.strictObject({
  image: imageByDigest,
  command: command.optional(),
  env: environment.default({}),
  secrets: secretReferences,
  /** PersistentVolumeClaim in the channel's namespace that backups are written to, at `/backup`. */
  volumeClaim: dnsLabel(),
  deadline: durationSeconds.default(300),
  resources,
});
export type BackupJobPolicy = z.infer<typeof backupJob>;

/** Before the first migration of a release: a copy that was restored once, or evidence of another way back. */
export const backupPolicy = z
  .strictObject({
    job: backupJob.optional(),
    /** Kind of `evidence.yaml` that shows point-in-time recovery, for a store too large to be copied. */
    evidence: z.string().min(1).optional(),
  })
  .refine(({ job, evidence }) => (job === undefined) !== (evidence === undefined), {
    error: "expected either `job` or `evidence`",
  });
export type BackupPolicy = z.infer<typeof backupPolicy>;
