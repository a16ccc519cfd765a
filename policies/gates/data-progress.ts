import { lt } from "semver";
import {
  type JobObservation,
  latestTry,
  reconciliationName,
  unfinishedBackfills,
} from "../../rollout/data-jobs";
import { broughtMigrations, jobName } from "../../rollout/migrations";
import type { Finding } from "./findings";
import type { GateInput } from "./input";

/** Backfills that have to be complete before the weight that is entered, and how far they are. */
export function judgeBackfillProgress({ to, record, snapshot }: GateInput): Finding[] {
  const { candidate, baseline, weight } = to;
  if (candidate === null) return [];
  return broughtMigrations(candidate, baseline, record)
    .filter(({ phase, before = 100 }) => phase === "backfill" && before <= weight)
    .map(({ id, before = 100 }): Finding => {
      const needed = `has to be complete before ${before} %`;
      const run = record?.migrations?.find(
        (one) => one.spec.id === id && one.release === candidate.id && one.direction === "up",
      );
      if (run === undefined) {
        return { status: "hold", reason: `the backfill ${id} ${needed}, and is not known to have begun` };
      }
      return judgeJob(`the backfill ${id}`, needed, latestTry(jobName(run), snapshot.live.jobs));
    });
}

/** What compares the forms of the data has found them equal at the weight that the candidate has. */
export function judgeReconciliation({ record, channel, snapshot }: GateInput): Finding[] {
  if (record === null) return [];
  const { candidate, weight, attempt } = record;
  const stage = channel.stages.filter((one) => one <= weight).at(-1);
  if (candidate?.reconciliation === undefined || stage === undefined) return [];
  if (unfinishedBackfills(candidate, record, snapshot.live.jobs).length > 0) return [];
  const run = reconciliationName(candidate, stage, attempt);
  const what = `the reconciliation of the data at ${stage} %`;
  return [judgeJob(what, "has to find no difference", latestTry(run, snapshot.live.jobs))];
}

function judgeJob(what: string, needed: string, job: JobObservation | undefined): Finding {
  const says = job?.says == null ? "" : `: ${job.says}`;
  switch (job?.status) {
    case "complete":
      return { status: "pass", reason: `${what} is complete` };
    case "running":
      return { status: "hold", reason: `${what} ${needed}, and runs${says}` };
    case "failed":
      return { status: "hold", reason: `${what} ${needed}, and failed${says}. This update starts it again` };
    default:
      return {
        status: "hold",
        reason: `${what} ${needed}, and there is no Job of it. This update starts it again`,
      };
  }
}

/** No release that is older than the contract's own is live on the same data, in whichever channel. */
export function judgeOlderReleases({
  to,
  channel,
  channelName,
  snapshot: { sharing },
}: GateInput): Finding[] {
  const others = channel.sharesDataWith.filter((name) => name !== channelName);
  if (others.length === 0) return [];
  if (sharing.status !== "known") {
    const problem = sharing.status === "unavailable" ? `: ${sharing.problem}` : "";
    return [
      {
        status: "hold",
        reason: `what is live in ${others.join(", ")}, on the same data, is not known${problem}`,
      },
    ];
  }
  const older = Object.entries(sharing.channels).flatMap(([name, releases]) =>
    releases
      .filter(({ version }) => lt(version, to.baseline.version))
      .map(({ version }) => `${version} (${name})`),
  );
  const silent = others.filter((name) => !Object.hasOwn(sharing.channels, name));
  const unknown = silent.map((name) => `whatever is live in ${name}, which did not answer`);
  if (older.length + unknown.length === 0) {
    return [{ status: "pass", reason: `no release older than ${to.baseline.version} is live on this data` }];
  }
  return [
    {
      status: "hold",
      reason: `${[...older, ...unknown].join(", ")} may still need what is taken away; it waits until they are gone`,
    },
  ];
}
