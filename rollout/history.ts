import { fewerCohorts } from "./cohorts";
import { correlationsOf } from "./correlation";
import { type Backup, rememberedData } from "./data-jobs";
import type { Plan } from "./plan";
import {
  type ChannelRecord,
  type Confirmation,
  type HistoryEntry,
  historyLength,
  type RejectedRelease,
  type TransitionKind,
} from "./record";
import type { Release } from "./release";
import { withRestore } from "./restored";
import type { RestoreRef } from "./restored-data";
import type { Verdict } from "./verdict";

/** Who did it, why, by which lane, and on whose word; as far as known. */
export type Attribution = Pick<
  HistoryEntry,
  "actor" | "reason" | "verifiedBy" | "lane" | "approvals" | "overrides"
>;

/** The signed decisions that verdicts rest on, as the record keeps them. */
export function signedDecisions(verdicts: readonly Verdict[]): Pick<Attribution, "approvals" | "overrides"> {
  return {
    approvals: verdicts.flatMap(({ approvals }) => approvals ?? []),
    overrides: verdicts.flatMap(({ gate, override }) =>
      override === undefined ? [] : [{ gate, ...override }],
    ),
  };
}

const listLength = 20;

/** The record after a transition that the data plane has confirmed. */
export function nextRecord(
  channel: string,
  recorded: ChannelRecord | null,
  plan: Plan,
  confirmed: Confirmation,
  attribution: Attribution,
  backup: Backup | null = null,
): ChannelRecord {
  const { transition, to, restore, sizes } = plan;
  if (transition === null) throw new Error("without a transition the record stays as it is");
  const previous = withRestore(recorded, restore);
  const restored = restore === null ? previous?.restored : refOf(restore);
  const at = confirmed.confirmedAt;
  const ref = { id: transition.id, kind: transition.kind, at };
  const entry: HistoryEntry = {
    transition: ref,
    from: versionAndWeight(plan.from),
    to: { version: (to.candidate ?? to.baseline).version, weight: to.candidate === null ? 100 : to.weight },
    ...attribution,
    // Of an unfinished raise that is taken back, nothing that was signed for it was used.
    ...(lowers(transition.kind) ? signedDecisions([]) : {}),
    ...(backup === null ? {} : { backup }),
    ...(restore?.isNew ? { restored: refOf(restore) } : {}),
  };
  const weightMoved = previous === null || previous.weight !== to.weight || previous.state !== to.state;
  return {
    schema: 1,
    channel,
    ...to,
    transition: ref,
    since: weightMoved ? at : previous.since,
    attempt: transition.attempt,
    completed: completedAfter(previous, plan, at),
    rejected: rejectedAfter(previous, plan, at, attribution.reason),
    setAsideOverlay: setAsideAfter(previous, plan),
    correlations: correlationsOf(previous, to, transition.id),
    history: [...(previous?.history ?? []), entry].slice(-historyLength),
    ...rememberedData(plan.data, to, previous),
    ...(restored === undefined ? {} : { restored }),
    ...(Object.keys(sizes).length === 0 ? {} : { sizes }),
    braked: isBraked(previous, plan),
    ...(previous?.evidence === undefined ? {} : { evidence: previous.evidence }),
  };
}

function refOf({ backup, sha256, at }: RestoreRef): RestoreRef {
  return { backup, sha256, at };
}

function lowers(kind: TransitionKind): boolean {
  return kind === "rollback" || kind === "correct";
}

function versionAndWeight(from: Plan["from"]): HistoryEntry["from"] {
  if (from === null) return { version: null, weight: 0 };
  return {
    version: (from.candidate ?? from.baseline).version,
    weight: from.candidate === null ? 100 : from.weight,
  };
}

/** A candidate that goes on with less than it had was lowered by hand: a rollback does not go on. */
function isBraked(previous: ChannelRecord | null, { to }: Plan): boolean {
  if (previous === null || to.state !== "rolling" || to.candidate?.id !== previous.candidate?.id)
    return false;
  if (to.weight !== previous.weight) return to.weight < previous.weight;
  return previous.braked || fewerCohorts(previous.cohorts, to.cohorts);
}

function completedAfter(
  previous: ChannelRecord | null,
  { to }: Plan,
  at: string,
): ChannelRecord["completed"] {
  const before = previous?.completed ?? [];
  const same = (entry: { version: string; hash: string }, release: Release | null) =>
    entry.version === release?.version && entry.hash === release.hash;
  // What is not at 100 % (any more) is not completed, unless the baseline is the same file under another overlay.
  const unfinished = to.state === "completed" ? null : to.candidate;
  const kept = before.filter((entry) => same(entry, to.baseline) || !same(entry, unfinished));
  const arrived = to.state === "completed" ? to.candidate : to.state === "steady" ? to.baseline : null;
  if (arrived === null || kept.some((entry) => same(entry, arrived))) return kept;
  return [...kept, { version: arrived.version, hash: arrived.hash, at }].slice(-listLength);
}

function rejectedAfter(
  previous: ChannelRecord | null,
  { to, transition }: Plan,
  at: string,
  reason: string | null,
): RejectedRelease[] {
  const before = previous?.rejected ?? [];
  if (to.state !== "rolled-back" || to.candidate === null || previous?.state === "rolled-back") return before;
  const { version, hash } = to.candidate;
  const attempt = Math.max(previous?.attempt ?? 1, transition?.attempt ?? 1);
  return [...before, { version, hash, attempt, at, reason }].slice(-listLength);
}

function setAsideAfter(previous: ChannelRecord | null, { to }: Plan): string | null {
  if (to.state === "rolled-back") return to.candidate?.overlayHash ?? null;
  return to.state === "steady" && to.baseline.id === previous?.baseline.id ? previous.setAsideOverlay : null;
}
