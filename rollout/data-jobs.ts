import { z } from "zod";
import type { ChannelSection } from "../config/schemas/channel";
import { type LedgerSpec, ledgerSpec } from "../config/schemas/migration";
import {
  broughtMigrations,
  endsRollout,
  jobName,
  type MigrationMemory,
  type MigrationRun,
  type MigrationStepInput,
  plannedMigrations,
  rememberedMigrations,
} from "./migrations";
import type { Position } from "./record";
import { type Release, sha256 } from "./release";

/** A Job of the channel's data as the cluster shows it. */
export const jobObservation = z.object({
  /** What it is one of, tries counted apart: `migrate-0003-customers-1f2e3d4c`. */
  run: z.string(),
  /** Which try of it, from 1 on. */
  attempt: z.int(),
  status: z.enum(["running", "complete", "failed"]),
  /** Of one that failed: no run of it was cut off, each came to an end of its own. Missing where that is not known. */
  endedByItself: z.literal(true).optional(),
  /** Progress or last words of its container, where they could be read. */
  says: z.string().nullable(),
  /** ISO 8601, of one that ended well. */
  completedAt: z.string().optional(),
});
export type JobObservation = z.infer<typeof jobObservation>;

/** A copy before the migrations of a transition, or its releases entered in the ledger where none of them does it. */
export const companionJob = z.object({
  kind: z.enum(["backup", "ledger"]),
  /** What tells it apart: the id of its transition, of a backup the runs that it comes before. */
  of: z.string(),
  /** Of the release that the transition was about. */
  release: z.string(),
  version: z.string(),
  ledger: ledgerSpec.optional(),
});
export type CompanionJob = z.infer<typeof companionJob>;

/** A copy of the data that can be restored: it has been, once, into a scratch database. */
export const backup = z.object({
  /** Of the store that was copied. */
  name: z.string(),
  /** Where the copy lies. */
  location: z.string(),
  size_bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  taken_at: z.iso.datetime(),
  restore_test: z.object({ at: z.iso.datetime(), passed: z.literal(true) }),
});
export type Backup = z.infer<typeof backup>;

/** What the record remembers of the data; missing in records of earlier programs. */
export interface DataMemory extends MigrationMemory {
  companions?: CompanionJob[] | undefined;
}

/** A Job that is run by this update, or kept from an earlier one. */
interface Planned {
  name: string;
  due: boolean;
}
export type PlannedMigration = Planned & {
  run: MigrationRun;
  /** Its Job is not there (any more): a backfill ends where its release is rolled back. */
  stopped: boolean;
};
export type PlannedCompanion = Planned & {
  /** The same for every try of it. */
  run: string;
  job: CompanionJob;
};

/** A check of the data while the candidate has this weight. */
export interface PlannedReconciliation {
  name: string;
  /** The same for every try of it. */
  run: string;
  weight: number;
  of: Release;
}

/** Everything an update does with the data, and whose Jobs it keeps. */
export interface PlannedData {
  companions: PlannedCompanion[];
  migrations: PlannedMigration[];
  reconciliations: PlannedReconciliation[];
}

/** What the channel's section has to do with it. */
export interface DataSettings {
  stages: readonly number[];
  /** Migrations run under a ledger. */
  ledger: boolean;
  /** A copy is made before migrations. */
  backup: boolean;
}

export function dataSettings({ stages, migrations, backup }: ChannelSection): DataSettings {
  return { stages, ledger: migrations.ledger !== undefined, backup: backup?.job !== undefined };
}

export interface DataPlanInput {
  to: Position;
  record: (Position & DataMemory & { attempt: number }) | null;
  transition: (MigrationStepInput & { id: string }) | null;
  settings: DataSettings;
  jobs: readonly JobObservation[];
}

export function plannedData(input: DataPlanInput): PlannedData {
  const { to, record, transition, jobs } = input;
  const { due: wanted, kept } = plannedMigrations(to, record, transition);
  const due = wanted.filter((run) => !isGivenUp(run, jobs));
  const goesBack = to.state === "rolled-back";
  const ended = (run: MigrationRun) =>
    goesBack && run.step === "alongside" && latestTry(jobName(run), jobs)?.status !== "complete";
  return {
    migrations: [
      ...kept.map((run) => ({ run, due: false, stopped: ended(run) })),
      ...due.map((run) => ({ run, due: true, stopped: false })),
    ].map((planned) => ({
      ...planned,
      // What a restore has taken back waits for a person: it is not tried again by itself.
      name: nameOfTry(jobName(planned.run), jobs, planned.due || !isLost(planned.run, record)),
    })),
    companions: plannedCompanions(input, due),
    reconciliations: plannedReconciliations(input),
  };
}

/** Undoing is a nicety: the schema that stays is one that the baseline reads, and the channel has to go on. */
function isGivenUp(run: MigrationRun, jobs: readonly JobObservation[]): boolean {
  const last = run.direction === "down" ? latestTry(jobName(run), jobs) : undefined;
  return last?.status === "failed" && last.attempt >= undoTries;
}

function isLost({ spec }: MigrationRun, memory: MigrationMemory | null): boolean {
  return memory?.lost?.includes(spec.id) ?? false;
}

/** A Job that failed is never the same again: it is tried once more under another name. */
function nameOfTry(run: string, jobs: readonly JobObservation[], again = true): string {
  const last = latestTry(run, jobs);
  const attempt = last === undefined ? 1 : last.attempt + (again && last.status === "failed" ? 1 : 0);
  return attempt === 1 ? run : `${run}-${attempt}`;
}

/** The newest try of a run; none where the cluster has no Job of it. */
export function latestTry(run: string, jobs: readonly JobObservation[]): JobObservation | undefined {
  const tries = jobs.filter((job) => job.run === run);
  return tries.sort((left, right) => right.attempt - left.attempt)[0];
}

function plannedCompanions(
  { to, record, transition, settings, jobs }: DataPlanInput,
  due: readonly MigrationRun[],
): PlannedCompanion[] {
  const kept = endsRollout(to, record) ? [] : (record?.companions ?? []);
  const planned = (job: CompanionJob, isDue: boolean) => {
    const run = companionRun(job);
    return { run, name: nameOfTry(run, jobs), job, due: isDue };
  };
  if (transition === null) return kept.map((job) => planned(job, false));
  const ledger = settings.ledger ? ledgerOf(to) : undefined;
  // A rollback needs nothing of the database; its candidate leaves the ledger when it is removed.
  const changes = to.state !== "rolled-back" && liveIds(to) !== liveIds(record);
  const enters = due.length === 0 && ledger !== undefined && changes;
  const { id: release, version } = to.candidate ?? to.baseline;
  // An update that is repeated finds the copy that was made before anything was changed.
  const copied = due.filter(({ direction }) => direction === "up").map(jobName);
  const added: CompanionJob[] = [
    ...(settings.backup && copied.length > 0
      ? [{ kind: "backup" as const, of: copied.join(" "), release, version }]
      : []),
    ...(enters ? [{ kind: "ledger" as const, of: transition.id, release, version, ledger }] : []),
  ];
  return [...kept.map((job) => planned(job, false)), ...added.map((job) => planned(job, true))];
}

function liveIds(position: Position | null): string {
  const { baseline, candidate } = position ?? { baseline: undefined, candidate: undefined };
  return [baseline?.id, candidate?.id]
    .filter((id) => id !== undefined)
    .sort()
    .join(" ");
}

function ledgerOf({ baseline, candidate }: Position): LedgerSpec | undefined {
  return candidate?.ledger ?? baseline.ledger;
}

const idLength = 8;

/** Updates that try to undo a migration before it is left as it is. */
const undoTries = 3;

export function companionRun({ kind, of }: CompanionJob): string {
  return `${kind}-${sha256(of).slice(0, idLength)}`;
}

/** Backfills of a release that have begun and are not complete: until they are, its forms of the data differ. */
export function unfinishedBackfills(
  { id }: Pick<Release, "id">,
  { migrations = [] }: MigrationMemory,
  jobs: readonly JobObservation[],
): MigrationRun[] {
  return migrations.filter(
    (run) =>
      run.release === id && run.step === "alongside" && latestTry(jobName(run), jobs)?.status !== "complete",
  );
}

/** One for each stage that the candidate has reached; each is asked again where it failed. */
function plannedReconciliations({
  to,
  record,
  transition,
  settings,
  jobs,
}: DataPlanInput): PlannedReconciliation[] {
  const { candidate, state, weight } = to;
  if (candidate?.reconciliation === undefined || (state !== "rolling" && state !== "completed")) return [];
  // Of a rollout that begins now, the backfills only begin.
  const begins = candidate.id !== record?.candidate?.id;
  const waits = begins
    ? broughtMigrations(candidate, to.baseline, record).some(({ phase }) => phase === "backfill")
    : unfinishedBackfills(candidate, record, jobs).length > 0;
  if (waits) return [];
  const attempt = transition?.attempt ?? record?.attempt ?? 1;
  return settings.stages
    .filter((stage) => stage <= weight)
    .map((stage) => {
      const run = reconciliationName(candidate, stage, attempt);
      return { name: nameOfTry(run, jobs), run, weight: stage, of: candidate };
    });
}

export function reconciliationName({ id }: Pick<Release, "id">, stage: number, attempt: number): string {
  return `reconcile-${stage}-${sha256({ release: id, attempt }).slice(0, idLength)}`;
}

/** What the record keeps of it. */
export function rememberedData(
  { migrations, companions }: PlannedData,
  to: Position,
  before: DataMemory | null,
): Required<Omit<DataMemory, "lost">> & Pick<DataMemory, "lost"> {
  const runs = (due: boolean) => migrations.filter((one) => one.due === due).map(({ run }) => run);
  return {
    ...rememberedMigrations({ due: runs(true), kept: runs(false) }, to, before),
    companions: companions.map(({ job }) => job),
  };
}
