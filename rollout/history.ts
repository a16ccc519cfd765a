import type { Plan } from "./plan";
import {
  type ChannelRecord,
  type Confirmation,
  type HistoryEntry,
  historyLength,
  type RejectedRelease,
} from "./record";

/** Who did it and why, as far as known. */
export interface Attribution {
  actor: string;
  reason: string | null;
}

const listLength = 20;

/** The record after a transition that the data plane has confirmed. */
export function nextRecord(
  channel: string,
  previous: ChannelRecord | null,
  plan: Plan,
  confirmed: Confirmation,
  { actor, reason }: Attribution,
  /** Hash of the channel's overlay at the time. */
  overlayHash: string,
): ChannelRecord {
  const { transition, to } = plan;
  if (transition === null) throw new Error("without a transition the record stays as it is");
  const at = confirmed.confirmedAt;
  const ref = { id: transition.id, kind: transition.kind, at };
  const entry: HistoryEntry = {
    transition: ref,
    from: versionAndWeight(plan.from),
    to: { version: (to.candidate ?? to.baseline).version, weight: to.candidate === null ? 100 : to.weight },
    actor,
    reason,
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
    rejected: rejectedAfter(previous, plan, at, reason),
    setAsideOverlay: setAsideAfter(previous, plan, overlayHash),
    history: [...(previous?.history ?? []), entry].slice(-historyLength),
    braked: transition.kind === "correct" && loweredByHand(previous, plan),
  };
}

function versionAndWeight(from: Plan["from"]): HistoryEntry["from"] {
  if (from === null) return { version: null, weight: 0 };
  return {
    version: (from.candidate ?? from.baseline).version,
    weight: from.candidate === null ? 100 : from.weight,
  };
}

function loweredByHand(previous: ChannelRecord | null, { to }: Plan): boolean {
  return previous !== null && (previous.braked || to.weight < previous.weight);
}

function completedAfter(
  previous: ChannelRecord | null,
  { to }: Plan,
  at: string,
): ChannelRecord["completed"] {
  const before = previous?.completed ?? [];
  const rolledBack = to.state === "rolled-back" ? to.candidate : null;
  const kept = before.filter(
    ({ version, hash }) => rolledBack?.version !== version || rolledBack.hash !== hash,
  );
  const arrived = to.state === "completed" ? to.candidate : to.state === "steady" ? to.baseline : null;
  if (
    arrived === null ||
    kept.some(({ version, hash }) => version === arrived.version && hash === arrived.hash)
  ) {
    return kept;
  }
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

function setAsideAfter(previous: ChannelRecord | null, { to }: Plan, overlayHash: string): string | null {
  if (to.state === "rolled-back") return overlayHash;
  return to.state === "steady" && to.baseline.id === previous?.baseline.id ? previous.setAsideOverlay : null;
}
