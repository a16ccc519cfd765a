import { latestTry } from "./data-jobs";
import type { LiveTraffic } from "./live";
import { endsRollbackWindow, hasRun, jobName } from "./migrations";
import { type ChannelRecord, type Intent, interrupted } from "./record";

/**
 * Id of the switch that has taken the way back with it, or null. Of an update that did not get to its end, the
 * cluster says whether its Job was begun; one that failed has changed nothing, as a switch does all or nothing.
 */
export function switchThatRan(
  record: ChannelRecord,
  intent: Intent | null,
  live: LiveTraffic,
): string | null {
  const spec = endsRollbackWindow(record);
  if (spec === undefined || record.candidate === null) return null;
  if (hasRun(record, spec.id)) return spec.id;
  if (!interrupted(record, intent) || intent === null) return null;
  const release = record.candidate.id;
  // Of an update that was interrupted twice, the first one may have had a lower attempt.
  const attempts = Array.from({ length: intent.attempt }, (_, index) => index + 1);
  // What is recorded and did not count above was taken back by a restore; its Job is still kept.
  const recorded = (record.migrations ?? []).map(jobName);
  const names = attempts.map((attempt) => jobName({ spec, release, direction: "up", attempt }));
  const jobs = names.filter((name) => !recorded.includes(name)).map((name) => latestTry(name, live.jobs));
  return jobs.some((job) => job !== undefined && job.status !== "failed") ? spec.id : null;
}
