import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel, environment, imageByDigest } from "./names";

export const command = z.array(z.string()).min(1);

/** Where a migration has its place in a rollout. */
export const migrationPhase = z.enum(["expand", "backfill", "switch", "contract"], {
  error: "expected expand, backfill, switch or contract",
});
export type MigrationPhase = z.infer<typeof migrationPhase>;

/** What is left out has no default here: a release file of before keeps its hash. */
export const migrationSpec = z
  .strictObject({
    /** Short enough for a Job's name to hold it whole. */
    id: dnsLabel(25),
    phase: migrationPhase,
    image: imageByDigest,
    command: command.optional(),
    env: environment.optional(),
    /** Of what it does: one that ran is never run as another. Image, command and variables, where it is left out. */
    checksum: z.string().min(1).optional(),
    /** Of a backfill: the stage before which it has to be complete; the last one where it is left out. */
    before: z.int().min(1).max(100).optional(),
    /** Of a switch: the release goes on writing the form of before, so going back stays possible. */
    bothFormsWritten: z.boolean().optional(),
    /** Declared safe to undo: nothing that was written since is lost. */
    reversible: z.boolean().default(false),
    /** Undoes it, in the same image; run only where it is reversible. */
    down: z.strictObject({ command }).optional(),
    /** How long it may take; the channel's `migrations.deadline`, and a day for a backfill. */
    deadline: durationSeconds.optional(),
    /** How often a run that failed is tried again by itself; never, and ten times for a backfill. */
    retries: z.int().min(0).max(100).optional(),
  })
  .superRefine(({ phase, before, bothFormsWritten, down, reversible }, context) => {
    const only = (wanted: MigrationPhase, field: string, value: unknown) => {
      if (value === undefined || phase === wanted) return;
      const message = `expected it only of the phase ${wanted}`;
      context.addIssue({ code: "custom", path: [field], message, input: value });
    };
    only("backfill", "before", before);
    only("switch", "bothFormsWritten", bothFormsWritten);
    if (down !== undefined && phase === "contract") {
      const message = "expected none: what a contract took away is gone, and comes back by a restore only";
      context.addIssue({ code: "custom", path: ["down"], message, input: "down" });
    }
    if (reversible && phase === "contract") {
      const message = "expected false: what a contract took away is gone";
      context.addIssue({ code: "custom", path: ["reversible"], message, input: true });
    }
  });
export type MigrationSpec = z.infer<typeof migrationSpec>;

/** Compares what the forms of before and after hold, and says so in one JSON line. */
export const reconciliationSpec = z.strictObject({
  image: imageByDigest,
  command: command.optional(),
  env: environment.optional(),
  deadline: durationSeconds.optional(),
});
export type ReconciliationSpec = z.infer<typeof reconciliationSpec>;

/** Runs the migrations under the data store's lock and notes what ran; see `ledger/README.md`. */
export const ledgerSpec = z.strictObject({ image: imageByDigest });
export type LedgerSpec = z.infer<typeof ledgerSpec>;

/** What the ledger ends with where no migration has ended; see `ledger/README.md`. */
export const ledgerExitCode = {
  /** A no that no repetition changes. */
  refused: 3,
  /** Somebody else holds the lock, or it was lost while the migration ran: repeat. */
  unavailable: 4,
} as const;
