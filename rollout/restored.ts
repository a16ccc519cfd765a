import type { MigrationSpec } from "../config/schemas/migration";
import { companionRun, latestTry } from "./data-jobs";
import type { LiveTraffic } from "./live";
import { checksum, jobName, jobsOfMigration, type MigrationRun } from "./migrations";
import type { ChannelRecord } from "./record";
import type { Release } from "./release";
import type { RestoredData, RestoreRef } from "./restored-data";

/** A restore that still counts, and what of the record it has taken back. */
export interface Restore extends RestoreRef {
  /** The record does not know of it yet: the next transition writes it there. */
  isNew: boolean;
  /** Ids of migrations of the live releases that had run and are not in the data any more. */
  lost: string[];
  /** Ids of the contracts that are in the data now. */
  contracted: string[];
}

export interface AfterRestore {
  /** What is true of the data now; what the record says of traffic stays. */
  record: ChannelRecord | null;
  live: LiveTraffic;
  /** Null where nothing was restored, or all that it took back is there again. */
  restore: Restore | null;
}

/**
 * What is recorded and seen, as the data are since they were restored. A restore that the record knows is not taken
 * into account again: what has run since, has run on the restored data.
 */
export function afterRestore(record: ChannelRecord | null, live: LiveTraffic): AfterRestore {
  const restore = restoreThatCounts(record, live);
  return { record: withRestore(record, restore), live: withoutJobsBefore(record, live), restore };
}

/** The record without what the restore has taken back. Runs stay in it as long as their Jobs are kept. */
export function withRestore(record: ChannelRecord | null, restore: Restore | null): ChannelRecord | null {
  if (record === null || restore === null) return record;
  const { backup, sha256, at, lost, contracted } = restore;
  return { ...record, restored: { backup, sha256, at }, lost, contracted };
}

function restoreThatCounts(record: ChannelRecord | null, { restored, jobs }: LiveTraffic): Restore | null {
  const known = record?.restored;
  const seen = restored === undefined || "problem" in restored ? null : restored;
  if (seen === null || (known?.sha256 === seen.sha256 && known.at === seen.restoredAt)) {
    if (known === undefined || !record?.lost?.length) return null;
    return { ...known, isNew: false, lost: record.lost, contracted: record.contracted ?? [] };
  }
  const ref = { backup: seen.backup, sha256: seen.sha256, at: seen.restoredAt, isNew: true };
  if (record === null) return { ...ref, lost: [], contracted: [] };
  const lost = lostBy(seen, record, jobs);
  return { ...ref, lost, contracted: contractedIn(seen, record, lost) };
}

/** What the record, by itself, takes for done, and the restored data do not have. */
function lostBy(seen: RestoredData, record: ChannelRecord, jobs: LiveTraffic["jobs"]): string[] {
  const { baseline, contracted = [], lost = [] } = record;
  const recorded = (record.migrations ?? []).filter(({ direction }) => direction === "up");
  // No data is never success: what ran in this rollout is only there where the ledger says so.
  const ofRollout = recorded.filter(
    (run) => !isApplied(run.spec, seen) && !endsAfter(run, seen.restoredAt, jobs),
  );
  const elsewhere = (spec: MigrationSpec) => !recorded.some((run) => run.spec.id === spec.id);
  const isDone = ({ id, phase }: MigrationSpec) => phase !== "contract" || contracted.includes(id);
  const ofBaseline = arrivedBefore(record, baseline, seen.restoredAt)
    ? baseline.migrations.filter(
        (spec) => elsewhere(spec) && isDone(spec) && isKnown(spec, seen) && !isApplied(spec, seen),
      )
    : [];
  const still = declared(record).filter((spec) => lost.includes(spec.id) && !isApplied(spec, seen));
  const ids = [...ofBaseline, ...still, ...ofRollout.map(({ spec }) => spec)].map(({ id }) => id);
  return [...new Set(ids)].sort();
}

/** A backup may also bring a contract back, where an earlier restore is regretted. */
function contractedIn(seen: RestoredData, record: ChannelRecord, lost: readonly string[]): string[] {
  const there = declared(record).filter((spec) => spec.phase === "contract" && isApplied(spec, seen));
  const ids = [...(record.contracted ?? []), ...there.map(({ id }) => id)];
  return [...new Set(ids)].filter((id) => !lost.includes(id));
}

function declared({ baseline, candidate }: ChannelRecord): MigrationSpec[] {
  return [...baseline.migrations, ...(candidate?.migrations ?? [])];
}

function isApplied(spec: MigrationSpec, { ledger }: RestoredData): boolean {
  return ledger?.applied.some(({ id, checksum: its }) => id === spec.id && its === checksum(spec)) ?? false;
}

/** What was never run under the ledger, as before there was one, is not known to have been lost. */
function isKnown({ id }: MigrationSpec, { ledger }: RestoredData): boolean {
  return ledger !== null && (ledger.notApplied.includes(id) || ledger.applied.some((one) => one.id === id));
}

/** Its work was done, or will be, on the restored data. */
function endsAfter(run: MigrationRun, restoredAt: string, jobs: LiveTraffic["jobs"]): boolean {
  const last = latestTry(jobName(run), jobs);
  if (last?.status === "running") return true;
  return last?.completedAt !== undefined && Date.parse(last.completedAt) > Date.parse(restoredAt);
}

function arrivedBefore(
  { completed }: ChannelRecord,
  { version, hash }: Release,
  restoredAt: string,
): boolean {
  const entry = completed.findLast((one) => one.version === version && one.hash === hash);
  return entry === undefined || Date.parse(entry.at) < Date.parse(restoredAt);
}

/**
 * Jobs of an update that did not get to its end look complete, and what they did is gone: they are tried again.
 * Those that are recorded stay as they are: an update that moves nothing begins none.
 */
function withoutJobsBefore(record: ChannelRecord | null, live: LiveTraffic): LiveTraffic {
  const { restored } = live;
  if (restored === undefined || "problem" in restored) return live;
  const recorded = new Set([
    ...(record?.migrations ?? []).map(jobName),
    ...(record?.companions ?? []).map(companionRun),
  ]);
  const isThere = (run: string) =>
    (restored.ledger?.applied ?? []).some(({ id }) => jobsOfMigration(id).test(run));
  const before = Date.parse(restored.restoredAt);
  const jobs = live.jobs.map((job) => {
    const gone =
      job.status === "complete" &&
      job.completedAt !== undefined &&
      Date.parse(job.completedAt) <= before &&
      /^(migrate|undo|backup)-/.test(job.run) &&
      !recorded.has(job.run) &&
      !isThere(job.run);
    return gone
      ? {
          ...job,
          status: "failed" as const,
          says: `what it did is gone since ${restored.backup} was restored`,
        }
      : job;
  });
  return { ...live, jobs };
}

/** When the rollout that brought in the live release, or is bringing it in, was confirmed to have begun. */
export function rolloutBegan({ candidate, baseline, correlations, history }: ChannelRecord): string | null {
  const id = correlations?.[(candidate ?? baseline).id];
  return history.find(({ transition }) => transition.id === id)?.transition.at ?? null;
}

/** `canary-backup-1f2e3d4c.dump, restored at 2026-11-20T12:00:00Z` */
export function describeRestore({ backup, at }: RestoreRef): string {
  return `${backup}, restored at ${at}`;
}
