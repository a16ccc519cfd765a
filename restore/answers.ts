import { z } from "zod";
import { backup } from "../rollout/data-jobs";

/** Name of a backup's file in its volume: no path, so that it cannot lead out of it. */
export const backupFile = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.dump$/, {
  error:
    "expected the name of a file in the backups' volume, such as canary-backup-1f2e3d4c.dump, without a path",
});

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, { error: "expected a sha256 in hex" });

const rows = z.int().min(0).nullable();

/** What a restore would do to one table. */
const tableComparison = z.strictObject({
  /** `public.orders` */
  table: z.string(),
  /** Rows; null where there is no such table. */
  now: rows,
  inBackup: rows,
  /** Rows whose key the backup does not have: they are lost. Null where that was not looked at. */
  newer: rows,
  /** Rows that have other values in the backup: what was written since is lost. */
  changed: rows,
  /** Rows that only the backup has: they come back. */
  deleted: rows,
  /** Columns that the backup does not have: lost with all that is in them. */
  newColumns: z.array(z.string()),
  /** Why rows were only counted. */
  onlyCounted: z.string().nullable(),
});
export type TableComparison = z.infer<typeof tableComparison>;

/** A migration whose state in the ledger is another one than in the backup. */
const migrationSince = z.strictObject({
  id: z.string(),
  phase: z.string().nullable(),
  state: z.string().nullable(),
  /** Null where the backup does not know it. */
  stateInBackup: z.string().nullable(),
  channel: z.string().nullable(),
  version: z.string().nullable(),
  finishedAt: z.string().nullable(),
});
export type MigrationSince = z.infer<typeof migrationSince>;

/** What the ledger of the live database says by now; of every product that it knows. */
const ledger = z.strictObject({
  applied: z.array(z.strictObject({ product: z.string(), id: z.string(), checksum: z.string() })),
  /** What was run at some time, and is not applied. */
  notApplied: z.array(z.strictObject({ product: z.string(), id: z.string() })),
});
export type LedgerAnswer = z.infer<typeof ledger>;

/** A backup and the live database side by side: what restoring it would lose. */
export const comparison = z.strictObject({
  backup: z.strictObject({
    file: backupFile,
    size_bytes: z.int().min(1),
    sha256: sha256Hex,
    taken_at: z.iso.datetime(),
  }),
  database: z.string(),
  comparedAt: z.iso.datetime(),
  tables: z.array(tableComparison),
  /** Null where the database has no ledger of migrations. */
  migrations: z.array(migrationSince).nullable(),
  /** Null where there is none, or the program does not look. */
  ledger: ledger.nullable().default(null),
});
export type Comparison = z.infer<typeof comparison>;

/** What a restore has done. */
export const restoration = z.strictObject({
  restored: z.strictObject({ file: backupFile, sha256: sha256Hex }),
  database: z.string(),
  at: z.iso.datetime(),
  /** The database as it was right before; null where none was asked for. */
  backupBefore: backup.nullable(),
  tables: z.array(z.strictObject({ table: z.string(), rows: z.int().min(0) })),
  /** As it was restored; null where there is none, or the program does not look. */
  ledger: ledger.nullable().default(null),
});
export type Restoration = z.infer<typeof restoration>;

/** Exit code of a Job that has changed nothing. After any other but 0, nobody knows without looking. */
export const unchangedExitCode = 1;
