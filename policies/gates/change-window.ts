import { DateTime } from "luxon";
import type { ChangeWindow } from "../../config/schemas/governance";
import type { Verdict } from "../../rollout/verdict";
import { clearedAway, clearsAway } from "./change";
import type { GateInput } from "./input";

const gate = "change-window";

type Window = ChangeWindow["windows"][number];
type Freeze = ChangeWindow["freezes"][number];

/** Changes begin and go on only in the channel's windows, and in no freeze. */
export function changeWindow(input: GateInput): Verdict {
  const policy = input.channel.changeWindow;
  if (policy === undefined) return { gate, status: "skipped", reason: "this channel has no change windows" };
  if (clearsAway(input)) return { gate, status: "skipped", reason: clearedAway };
  const now = DateTime.fromISO(input.snapshot.takenAt, { zone: policy.zone });
  const figures = { observed: told(now), expected: policy.windows.map(describe).join("; ") };
  const freeze = freezeAt(policy, now);
  if (freeze === undefined && isOpen(policy, now)) {
    return { gate, status: "pass", reason: `the change window is open at ${told(now)}`, ...figures };
  }
  const closed =
    freeze === undefined ? "the change window is closed" : `changes are frozen (${freeze.reason})`;
  const opening = nextOpening(policy, now);
  const next = opening === null ? "no window opens after it" : `the next window opens on ${told(opening)}`;
  return { gate, status: "hold", reason: `${closed}; ${next}`, ...figures };
}

/**
 * By the clock on the wall, so that a change to or from daylight-saving time needs no rule of its own: an hour that
 * comes twice is in the window twice, one that is left out never.
 */
function isOpen({ windows }: ChangeWindow, at: DateTime): boolean {
  const clock = at.toFormat("HH:mm");
  const today = weekdayOf(at);
  const yesterday = weekdayOf(at.minus({ days: 1 }));
  return windows.some(({ days, from, to }) => {
    if (from < to) return days.includes(today) && from <= clock && clock < to;
    return (days.includes(today) && from <= clock) || (days.includes(yesterday) && clock < to);
  });
}

/** At its end a freeze is over. */
function freezeAt({ freezes }: ChangeWindow, at: DateTime): Freeze | undefined {
  const now = at.toMillis();
  return freezes.find(({ from, to }) => Date.parse(from) <= now && now < Date.parse(to));
}

/** @returns null where windows never open, as those that lie in an hour that is left out */
function nextOpening(policy: ChangeWindow, now: DateTime): DateTime | null {
  let at: DateTime | null = now;
  for (let steps = 0; at !== null && steps < 100 + 2 * policy.freezes.length; steps++) {
    const freeze = freezeAt(policy, at);
    if (freeze !== undefined) at = DateTime.fromISO(freeze.to, { zone: policy.zone });
    else if (isOpen(policy, at)) return at;
    else at = nextBeginning(policy, at);
  }
  return null;
}

/** The next time at which a window may open: at its beginning, or because the clocks change. */
function nextBeginning({ windows }: ChangeWindow, after: DateTime): DateTime | null {
  const days = Array.from({ length: 9 }, (_, count) => after.startOf("day").plus({ days: count }));
  const times = days.flatMap((day) => [
    ...clockChangeOn(day),
    ...windows
      .filter((window) => window.days.includes(weekdayOf(day)))
      .flatMap(({ from }) => beginningsOn(day, from)),
  ]);
  return DateTime.min(...times.filter((time) => time > after)) ?? null;
}

/** Twice of a time that comes twice; of one that is left out, some time after it. */
function beginningsOn(day: DateTime, clock: string): DateTime[] {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return day.set({ hour, minute }).getPossibleOffsets();
}

/** To the minute; clocks change once a day at the most. */
function clockChangeOn(day: DateTime): DateTime[] {
  const before = day.minus({ minutes: 1 });
  const next = day.plus({ days: 1 });
  if (before.offset === next.offset) return [];
  let [unchanged, changed] = [-1, next.diff(day).as("minutes")];
  while (changed - unchanged > 1) {
    const middle = Math.floor((unchanged + changed) / 2);
    if (day.plus({ minutes: middle }).offset === before.offset) unchanged = middle;
    else changed = middle;
  }
  return [day.plus({ minutes: changed })];
}

const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

function weekdayOf(at: DateTime): Window["days"][number] {
  return weekdays[at.weekday - 1] ?? "sun";
}

/** `Mon 5 Jan 2026 18:00 +01:00 (Europe/Berlin)` */
function told(at: DateTime): string {
  return at.toFormat("ccc d LLL yyyy HH:mm ZZ (z)", { locale: "en" });
}

function describe({ days, from, to }: Window): string {
  return `${days.join(", ")} ${from}–${to}`;
}
