import { z } from "zod";
import { ledgerSpec, type MigrationPhase, type MigrationSpec } from "../config/schemas/migration";
import type { Position, TransitionKind } from "./record";
import { type Release, resolvedMigration, sha256 } from "./release";

/**
 * Where a Job has its place in an update: before the release's Deployments, which wait for it; started then and
 * not waited for; or after the data plane has confirmed the weights, and before the record.
 */
const migrationStep = z.enum(["before-traffic", "alongside", "after-traffic"]);
export type MigrationStep = z.infer<typeof migrationStep>;

/** One run of a migration, whole: the record keeps it for as long as its Job is kept, the release may be gone. */
export const migrationRun = z.object({
  /** Of the release that declares it. */
  release: z.string(),
  version: z.string(),
  direction: z.enum(["up", "down"]),
  /** The rollout's attempt: a migration that was undone is run again by the next one. */
  attempt: z.int(),
  step: migrationStep,
  spec: resolvedMigration,
  ledger: ledgerSpec.optional(),
});
export type MigrationRun = z.infer<typeof migrationRun>;

/** What an update does with migrations. */
export interface PlannedMigrations {
  /** Run by this update, in order. */
  due: MigrationRun[];
  /** Run by an earlier one; only their Jobs are kept. */
  kept: MigrationRun[];
}

/** What the record remembers of migrations; missing in records of earlier programs. */
export interface MigrationMemory {
  migrations?: MigrationRun[] | undefined;
  contracted?: string[] | undefined;
  /** Ids of those that a restore has taken back and nothing has run again. */
  lost?: string[] | undefined;
}

type Remembered = Position & MigrationMemory;

/** Migrations of a release that the one before it does not have. */
export function addedMigrations(
  release: Pick<Release, "migrations">,
  before: Pick<Release, "migrations"> | null,
): MigrationSpec[] {
  return release.migrations.filter(({ id }) => !before?.migrations.some((known) => known.id === id));
}

/** Migrations that a rollout runs: what the baseline does not have, or had, and a restore has taken back. */
export function broughtMigrations(
  release: Pick<Release, "id" | "migrations">,
  before: Pick<Release, "migrations"> | null,
  memory: MigrationMemory | null,
): MigrationSpec[] {
  const added = addedMigrations(release, before);
  const again = (id: string) =>
    memory?.lost?.includes(id) ||
    memory?.migrations?.some((run) => run.release === release.id && run.spec.id === id);
  return release.migrations.filter((spec) => added.includes(spec) || again(spec.id));
}

/** Whether it has run in this rollout, and is in the data. */
export function hasRun({ migrations, lost }: MigrationMemory, id: string): boolean {
  const ran = migrations?.some((run) => run.spec.id === id && run.direction === "up") ?? false;
  return ran && !lost?.includes(id);
}

/** Contract migrations of the live release that have not run: what `finalize` has left to do. */
export function pendingContracts({ baseline, candidate, contracted }: Remembered): MigrationSpec[] {
  if (candidate !== null) return [];
  return baseline.migrations.filter(({ id, phase }) => phase === "contract" && !contracted?.includes(id));
}

/** A switch that takes the way back with it: the form that the baseline reads is not written any more. */
export function endsRollbackWindow({
  baseline,
  candidate,
}: Pick<Position, "baseline" | "candidate">): MigrationSpec | undefined {
  if (candidate === null) return undefined;
  return addedMigrations(candidate, baseline).find(
    ({ phase, bothFormsWritten }) => phase === "switch" && bothFormsWritten !== true,
  );
}

/** Whether a migration is undone when its release is rolled back. */
export function isUndone({ reversible, down }: MigrationSpec): boolean {
  return reversible && down !== undefined;
}

/** What an update does; of a resumed one, `kind` is the transition that is resumed. */
export interface MigrationStepInput {
  kind: Exclude<TransitionKind, "resume">;
  attempt: number;
}

export function plannedMigrations(
  to: Position,
  record: Remembered | null,
  transition: MigrationStepInput | null,
): PlannedMigrations {
  const kept = endsRollout(to, record) ? [] : (record?.migrations ?? []);
  const known = new Set(kept.map(jobName));
  const due = transition === null ? [] : dueRuns(to, record, transition);
  return { kept, due: due.filter((run) => !known.has(jobName(run))) };
}

/** Jobs stay until their rollout is over: an update that moves traffic deletes nothing. */
export function endsRollout(to: Position, record: Position | null): boolean {
  return to.state === "steady" && record !== null && record.candidate !== null;
}

function dueRuns(
  to: Position,
  record: Remembered | null,
  { kind, attempt }: MigrationStepInput,
): MigrationRun[] {
  const run = (
    { id: release, version, ledger }: Release,
    spec: MigrationSpec,
    step: MigrationStep,
    undoes?: MigrationRun,
  ): MigrationRun => ({
    release,
    version,
    direction: undoes === undefined ? "up" : "down",
    // Whatever attempt is configured by now: the one after the attempt that is undone runs it again.
    attempt: undoes?.attempt ?? attempt,
    step,
    spec,
    ...(ledger === undefined ? {} : { ledger }),
  });
  const { baseline, candidate, state } = to;

  if (record === null) return baseline.migrations.map((spec) => run(baseline, spec, "before-traffic"));
  if (candidate !== null) {
    const added = broughtMigrations(candidate, baseline, record);
    const of = (phase: MigrationPhase, step: MigrationStep) =>
      added.filter((spec) => spec.phase === phase).map((spec) => run(candidate, spec, step));
    const starts = state !== "rolled-back" && candidate.id !== record.candidate?.id;
    // Putting weights right runs no switch again that a restore has taken back.
    const arrives = state === "completed" && (record.state !== "completed" || starts);
    return [
      ...(starts ? [...of("expand", "before-traffic"), ...of("backfill", "alongside")] : []),
      ...(arrives ? of("switch", "after-traffic") : []),
    ];
  }
  if (kind !== "finalize" || baseline.id !== record.baseline.id) return [];
  const undone = record.candidate;
  if (undone === null) {
    return pendingContracts(record).map((spec) => run(baseline, spec, "after-traffic"));
  }
  // What a restore has taken back needs no undoing, and what the baseline has as well is not the candidate's to undo.
  const ran = (record.migrations ?? []).filter(
    ({ release, direction, spec: { id } }) =>
      release === undone.id &&
      direction === "up" &&
      !record.lost?.includes(id) &&
      !baseline.migrations.some((spec) => spec.id === id),
  );
  return ran
    .filter(({ spec }) => isUndone(spec))
    .reverse()
    .map((up) => run(undone, up.spec, "after-traffic", up));
}

/** What the record keeps of them. Contracts of an installation ran with it, those of a release as it is finalized. */
export function rememberedMigrations(
  { due, kept }: PlannedMigrations,
  to: Position,
  before: MigrationMemory | null,
): Required<Omit<MigrationMemory, "lost">> & Pick<MigrationMemory, "lost"> {
  const upwards = due.filter(({ direction }) => direction === "up");
  const contracts = upwards.filter(({ spec }) => spec.phase === "contract");
  const known = [...(before?.contracted ?? []), ...contracts.map(({ spec }) => spec.id)];
  const declared = [to.baseline, to.candidate].flatMap((release) => release?.migrations ?? []);
  const isDeclared = (id: string) => declared.some((spec) => spec.id === id);
  const lost = (before?.lost ?? []).filter(
    (id) => isDeclared(id) && !upwards.some(({ spec }) => spec.id === id),
  );
  return {
    migrations: [...kept, ...due],
    contracted: [...new Set(known)].filter(isDeclared),
    ...(lost.length === 0 ? {} : { lost }),
  };
}

/** Tells what a migration does from what it did: of its own saying, or by image and command. */
export function checksum({ checksum: declared, image, command, env, down }: MigrationSpec): string {
  return declared ?? sha256({ image, command, env, down });
}

const idLength = 8;

/** Name of a run's Job: another one for each release and attempt, and the same when the update is repeated. */
export function jobName({
  spec,
  release,
  direction,
  attempt,
}: Pick<MigrationRun, "release" | "direction" | "attempt"> & { spec: Pick<MigrationSpec, "id"> }): string {
  const verb = direction === "up" ? "migrate" : "undo";
  return `${verb}-${spec.id}-${sha256({ release, attempt }).slice(0, idLength)}`;
}

/** Names of all Jobs that run a migration upwards, whichever release and attempt. */
export function jobsOfMigration(id: string): RegExp {
  return new RegExp(`^migrate-${id}-[0-9a-f]{${idLength}}$`);
}
