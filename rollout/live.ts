import { z } from "zod";
import { activeCohorts, cohortsAreLive, liveRule, missingCohorts } from "./cohorts";
import { jobObservation } from "./data-jobs";
import { type ChannelRecord, type Intent, type Position, positionOf, withCohorts } from "./record";
import { httpServices, type Release } from "./release";
import { restoreObservation } from "./restored-data";

/** Traffic of one channel as the cluster shows it. */
export const liveTraffic = z.object({
  /** Release id → share of the traffic, for each HTTP service that has a route. */
  routes: z.record(z.string(), z.record(z.string(), z.number())),
  /** What those routes have beside their weights: service → rules; missing where none has any. */
  rules: z.record(z.string(), z.array(liveRule)).optional(),
  /** Why nobody can say what the weights are now; then there are no routes and rules. */
  unread: z.string().optional(),
  /** Transition id in the cluster's mirror of the record; null without a mirror. */
  mirror: z.object({ transition: z.string(), at: z.string() }).nullable(),
  /** Jobs that change, copy or check the channel's data. */
  jobs: z.array(jobObservation).default([]),
  /** Deployment → pods it is asked to have, and somebody's own autoscaler of it; missing where there is none. */
  workloads: z
    .record(
      z.string(),
      z.object({
        replicas: z.int().min(0),
        /** Of these, those that are ready; left out where all are. */
        ready: z.int().min(0).optional(),
        scaledBy: z.string().optional(),
      }),
    )
    .optional(),
  /** Why nobody can say whose autoscalers there are; then no Deployment is known to have somebody's own. */
  autoscalersUnread: z.string().optional(),
  /** The last restore of the channel's data; missing where there was none. */
  restored: restoreObservation.optional(),
});
export type LiveTraffic = z.infer<typeof liveTraffic>;

type Sides = Pick<Position, "baseline" | "candidate">;

/** A way back to what is recorded, or down to what is live. */
export interface Correction {
  kind: "correct";
  to: Position;
  why: string;
}

/** Why the state cannot be believed, or null where it can. */
export function lostMemory(
  record: ChannelRecord | null,
  intent: Intent | null,
  live: LiveTraffic,
): string | null {
  const wayOut =
    "the channel's state was lost or belongs to another backend. Nothing was changed. Restore the stack's state (pulumi stack import), or point the channel at another namespace";
  if (record === null && intent === null && Object.keys(live.routes).length > 0) {
    return `routes of this channel are live in the cluster, but the stack has no record of them: ${wayOut}.`;
  }
  if (record === null && live.mirror !== null) {
    return `the cluster holds this channel's record of transition ${live.mirror.transition}, but the stack has none: ${wayOut}.`;
  }
  const remembered = record?.history.some(({ transition }) => transition.id === live.mirror?.transition);
  if (record !== null && live.mirror !== null && !remembered && live.mirror.at > record.transition.at) {
    return `the cluster's mirror shows transition ${live.mirror.transition} of ${live.mirror.at}, which is newer than the stack's record (${record.transition.id} of ${record.transition.at}): ${wayOut}.`;
  }
  return null;
}

/** Live weights that the record does not know are never raised: the lower of the two counts. */
export function correctLive(record: ChannelRecord, live: LiveTraffic): Correction | null {
  if (live.unread !== undefined) return null;
  const services = [record.baseline, record.candidate].flatMap((release) =>
    release === null ? [] : httpServices(release),
  );
  const asRecorded = services.every((service) =>
    sameShares(live.routes[service] ?? {}, recordedShares(record, service)),
  );
  const cohortsAsRecorded = cohortsAreLive(record, Object.keys(live.routes), live.rules ?? {});
  return asRecorded && cohortsAsRecorded ? null : backToRecord(record, live);
}

type Shares = Readonly<Record<string, number>>;

function recordedShares({ baseline, candidate, weight }: ChannelRecord, service: string): Shares {
  if (candidate === null || !isRouted(candidate, service)) return { [baseline.id]: 100 };
  if (!isRouted(baseline, service)) return { [candidate.id]: 100 };
  return { [baseline.id]: 100 - weight, [candidate.id]: weight };
}

function sameShares(left: Shares, right: Shares): boolean {
  const releases = [...Object.keys(left), ...Object.keys(right)];
  return releases.every((id) => (left[id] ?? 0) === (right[id] ?? 0));
}

export function backToRecord(record: ChannelRecord, live: LiveTraffic): Correction {
  const shares = liveShares(live, record);
  const weight = Math.floor(Math.min(record.weight, ...shares));
  const seen = shares.length === 0 ? "no route" : `${shares.join(", ")} %`;
  const differs: Correction = {
    kind: "correct",
    to: positionOf(record),
    why: `live traffic differs from the record (recorded ${record.weight} %${cohortsText(record)}, live ${seen})`,
  };
  const { baseline, candidate } = record;
  if (candidate === null || record.state === "rolled-back") return differs;
  const lowered = { ...positionOf(record), state: "rolling" as const, weight };
  const missing = missingCohorts(lowered, Object.keys(live.routes), live.rules ?? {});
  if (weight === record.weight && missing.length === 0) return differs;
  const cohorts = record.cohorts?.filter((one) => !missing.includes(one));
  const taken = missing.length === 0 ? "" : `, and its cohorts ${namesOf(missing)} were taken away,`;
  const share =
    weight === record.weight
      ? `the candidate's cohorts ${namesOf(missing)} were taken away`
      : `the candidate's live share was lowered from ${record.weight} % to ${weight} %${taken}`;
  return {
    kind: "correct",
    to: { state: "rolling", baseline, candidate, weight, ...withCohorts(cohorts) },
    why: `${share} outside of this program: adopted, and held`,
  };
}

function cohortsText(record: ChannelRecord): string {
  const active = activeCohorts(record);
  return active.length === 0 ? "" : ` and ${namesOf(active)}`;
}

function namesOf(cohorts: readonly { name: string }[]): string {
  return cohorts.map(({ name }) => name).join(", ");
}

/** Whether a hand took a cohort away that an update had written: it was to be live before and after it. */
export function cohortTaken(live: LiveTraffic, position: Position): boolean {
  const listed = Object.entries(live.routes)
    .filter(([, shares]) => shares[position.candidate?.id ?? ""] !== undefined)
    .map(([service]) => service);
  return missingCohorts(position, listed, live.rules ?? {}).length > 0;
}

/** Services whose route both sides serve; a service of one side alone has no share to move. */
export function sharedServices({ baseline, candidate }: Sides): string[] {
  return httpServices(baseline).filter((service) => candidate === null || isRouted(candidate, service));
}

/** Share of the candidate on each live route that both sides serve. */
export function liveShares(live: LiveTraffic, sides: Sides): number[] {
  return sharedServices(sides).flatMap((service) => {
    const route = live.routes[service];
    if (route === undefined) return [];
    return [sides.candidate === null ? 0 : (route[sides.candidate.id] ?? 0)];
  });
}

/** Share of the candidate on each live route that names it: an update had begun to send it traffic. */
export function listedShares(live: LiveTraffic, { baseline, candidate }: Sides): number[] {
  if (candidate === null) return [];
  return sharedServices({ baseline, candidate }).flatMap(
    (service) => live.routes[service]?.[candidate.id] ?? [],
  );
}

function isRouted(release: Release, service: string): boolean {
  return release.services[service]?.http !== undefined;
}
