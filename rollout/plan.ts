import { type CapacitySettings, type PlannedRelease, plannedReleases } from "./capacity";
import { type DataSettings, type PlannedData, plannedData } from "./data-jobs";
import type { LiveTraffic } from "./live";
import type { Proposal } from "./proposal";
import { type ChannelRecord, type Intent, type Position, positionOf, type TransitionKind } from "./record";
import { httpServices, type Release } from "./release";
import { afterRestore, type Restore } from "./restored";
import { type Sizes, sizesAfter } from "./sizes";
import type { Verdict } from "./verdict";

/** Everything this update registers. Plain data that prints as itself. */
export interface Plan {
  /** The transition set out to, or null where the record is only reconciled. */
  transition: { id: string; kind: TransitionKind; startedAt: string; attempt: number } | null;
  from: Position | null;
  to: Position;
  releases: PlannedRelease[];
  /** Of services that are autoscaled; none where the channel has none, or one release alone. */
  sizes: Sizes;
  data: PlannedData;
  /** A restore of the data that it takes into account. */
  restore: Restore | null;
  why: string;
}

export type Decision =
  | { outcome: "go"; plan: Plan }
  /** Reconcile what is recorded, advance nothing; without a plan there is nothing recorded yet. */
  | { outcome: "hold"; plan: Plan | null; reasons: string[] }
  /** Nothing may change; the update ends with these reasons. */
  | { outcome: "blocked"; reasons: string[] };

export interface DecideInput {
  proposal: Proposal;
  verdicts: readonly Verdict[];
  record: ChannelRecord | null;
  /** An earlier update did not get to its end. */
  interrupted: boolean;
  live: LiveTraffic;
  attempt: number;
  strictHold: boolean;
  capacity: CapacitySettings;
  data: DataSettings;
  /** Id for the transition, should there be one. */
  id: string;
  /** ISO 8601. */
  now: string;
}

/** Turns a judged proposal into what is done. */
export function decide(input: DecideInput): Decision {
  const { proposal, verdicts, record, strictHold } = input;
  if (proposal.kind === "refuse") return { outcome: "blocked", reasons: [proposal.why] };
  if (proposal.kind === "none") {
    const plan = record === null ? null : reconcile(input, proposal.why);
    if (plan === null) return holdOrBlock(null, [proposal.why], strictHold || input.interrupted);
    return proposal.held ? holdOrBlock(plan, [proposal.why], strictHold) : { outcome: "go", plan };
  }
  const failed = reasonsOf(verdicts, "fail");
  const held = reasonsOf(verdicts, "hold");
  if (proposal.kind === "resume" && failed.length + held.length > 0) {
    return decide({ ...input, proposal: proposal.otherwise, verdicts: [] });
  }
  if (failed.length > 0) return { outcome: "blocked", reasons: failed };
  if (held.length > 0) {
    if (record !== null) return holdOrBlock(reconcile(input, proposal.why), held, strictHold);
    return holdOrBlock(null, held, strictHold || input.interrupted);
  }
  const { id, now, attempt } = input;
  const kind = proposal.kind;
  return {
    outcome: "go",
    plan: planOf(
      proposal.to,
      input,
      proposal.why,
      { id, kind, startedAt: now, attempt },
      proposal.kind === "resume" ? proposal.underlying : proposal.kind,
    ),
  };
}

function reasonsOf(verdicts: readonly Verdict[], status: Verdict["status"]): string[] {
  return verdicts
    .filter((verdict) => verdict.status === status)
    .map((verdict) => `${verdict.gate}: ${verdict.reason}`);
}

function holdOrBlock(plan: Plan | null, reasons: string[], strict: boolean): Decision {
  return strict ? { outcome: "blocked", reasons } : { outcome: "hold", plan, reasons };
}

function reconcile(input: DecideInput, why: string): Plan {
  const { record } = input;
  if (record === null) throw new Error("nothing is recorded that could be reconciled");
  return planOf(positionOf(record), input, why, null);
}

function planOf(
  to: Position,
  input: DecideInput,
  why: string,
  transition: Plan["transition"],
  kind: Exclude<TransitionKind, "resume"> = "correct",
): Plan {
  const { record, live, restore } = afterRestore(input.record, input.live);
  const from = record === null ? null : positionOf(record);
  const data = plannedData({
    to,
    record,
    transition: transition === null ? null : { id: transition.id, kind, attempt: transition.attempt },
    settings: input.data,
    jobs: live.jobs,
  });
  const sizes = sizesAfter(transition === null ? null : kind, to, record, live, input.capacity);
  const releases = plannedReleases(to, from, { settings: input.capacity, sizes, live });
  return { transition, from, to, why, releases, sizes, data, restore };
}

/** Weights of one service's route: release id → weight, summing to 100. */
export function routeWeights(plan: Plan, service: string): { release: Release; weight: number }[] {
  const serving = plan.releases.filter(({ release }) => httpServices(release).includes(service));
  return serving.map(({ release, share }) => ({
    release,
    weight: serving.length === 1 ? 100 : share,
  }));
}

/** Every service of the live releases that has a route. */
export function routedServices(plan: Plan): string[] {
  return [...new Set(plan.releases.flatMap(({ release }) => httpServices(release)))].sort();
}

/** Where callers inside the cluster are sent: the baseline until the candidate has everything. */
export function followed({ state, baseline, candidate }: Position, service: string): Release {
  const serves = (release: Release) => release.services[service]?.http !== undefined;
  if (candidate === null) return baseline;
  const [first, second] = state === "completed" ? [candidate, baseline] : [baseline, candidate];
  return serves(first) ? first : second;
}

export function intentOf(plan: Plan, previous: Intent | null): Intent {
  if (plan.transition === null) {
    if (previous === null) throw new Error("a record without an intent cannot be reconciled");
    return previous;
  }
  const { id, kind, startedAt, attempt } = plan.transition;
  return { schema: 1, id, kind, startedAt, target: plan.to, attempt };
}
