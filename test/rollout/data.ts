import type { DataSettings, JobObservation } from "../../rollout/data-jobs";
import { jobName, type MigrationRun } from "../../rollout/migrations";
import { type Release, resolveRelease } from "../../rollout/release";
import { aFile, apiAndWorker } from "./releases";

const image = `local/shop-migrate@sha256:${"d".repeat(64)}`;
export const ledgerImage = `local/ledger@sha256:${"e".repeat(64)}`;
export const reconcileImage = `local/shop-reconcile@sha256:${"f".repeat(64)}`;

/** The four phases of one change, as release files name them. */
export const orders = { id: "0001-orders", phase: "expand" };
export const customers = { id: "0002-customers", phase: "expand", reversible: true, down: ["down"] };
export const copy = { id: "0003-copy", phase: "backfill", before: 30, reversible: true, down: ["uncopy"] };
export const turn = { id: "0004-turn", phase: "switch" };
export const clear = { id: "0005-clear", phase: "contract" };

export const allPhases = [orders, customers, copy, turn, clear];

export interface DeclaredMigration {
  id: string;
  phase: string;
  reversible?: boolean;
  down?: string[];
  before?: number;
  bothFormsWritten?: boolean;
  deadline?: string;
  checksum?: string;
}

/** A release with these migrations, each a command of one image, and whatever else its file has. */
export function migrating(
  version: string,
  migrations: readonly DeclaredMigration[],
  more: object = {},
): Release {
  const specs = migrations.map(({ down, ...spec }) => ({
    image,
    command: ["migrate", spec.id],
    ...spec,
    ...(down === undefined ? {} : { down: { command: down } }),
  }));
  const file = aFile(version, apiAndWorker, { migrations: specs, ledger: { image: ledgerImage }, ...more });
  return resolveRelease(file, {});
}

export const before = migrating("1.0.0", [orders]);
/** Brings a change through all of its phases. */
export const after = migrating("1.1.0", allPhases, {
  reconciliation: { image: reconcileImage },
});

/** A channel that copies its data before it is migrated, and keeps a ledger of it. */
export const withData: DataSettings = { stages: [10, 30, 100], ledger: true, backup: true };

/** A run of a migration of that release, as the record has it. */
export function runOf(release: Release, id: string, more: Partial<MigrationRun> = {}): MigrationRun {
  const spec = release.migrations.find((one) => one.id === id);
  if (spec === undefined) throw new Error(`${release.version} has no migration ${id}`);
  const step =
    spec.phase === "backfill" ? "alongside" : spec.phase === "expand" ? "before-traffic" : "after-traffic";
  return {
    release: release.id,
    version: release.version,
    direction: "up",
    attempt: 1,
    step,
    spec,
    ...(release.ledger === undefined ? {} : { ledger: release.ledger }),
    ...more,
  };
}

/** Its Job, as the cluster shows it. */
export function jobOf(
  run: Parameters<typeof jobName>[0],
  status: JobObservation["status"] = "complete",
  attempt = 1,
): JobObservation {
  return { run: jobName(run), attempt, status, says: null };
}
