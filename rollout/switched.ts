import { type JobObservation, latestTry } from "./data-jobs";
import type { LiveTraffic } from "./live";
import { endsRollbackWindow, hasRun, jobName } from "./migrations";
import { type ChannelRecord, type Intent, interrupted } from "./record";

/** A switch that has taken the way back with it; `known` is false where it may have, and nobody can tell. */
export interface Switched {
  id: string;
  known: boolean;
}

/**
 * The switch that has taken the way back with it, or null. Of an update that did not get to its end, the cluster says
 * whether its Job was begun. One that came to an end of its own and failed has changed nothing, as a switch does all or
 * nothing; one that was cut off may have been cut off after its work was done.
 */
export function switchThatRan(
  record: ChannelRecord,
  intent: Intent | null,
  live: LiveTraffic,
): Switched | null {
  const spec = endsRollbackWindow(record);
  if (spec === undefined || record.candidate === null) return null;
  const { id } = spec;
  if (hasRun(record, id)) return { id, known: true };
  if (!interrupted(record, intent) || intent === null) return null;
  const release = record.candidate.id;
  // Of an update that was interrupted twice, the first one may have had a lower attempt.
  const attempts = Array.from({ length: intent.attempt }, (_, index) => index + 1);
  // What is recorded and did not count above was taken back by a restore; its Job is still kept.
  const recorded = (record.migrations ?? []).map(jobName);
  const names = attempts.map((attempt) => jobName({ spec, release, direction: "up", attempt }));
  const begun = live.jobs.filter(({ run }) => names.includes(run) && !recorded.includes(run));
  if (begun.every(failedByItself)) return null;
  return { id, known: names.some((name) => hasOrMayStill(latestTry(name, begun))) };
}

function failedByItself({ status, endedByItself }: JobObservation): boolean {
  return status === "failed" && endedByItself === true;
}

function hasOrMayStill(job: JobObservation | undefined): boolean {
  return job !== undefined && job.status !== "failed";
}
