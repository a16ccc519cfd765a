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

/** The first beginning of a window after a time; each has one within eight days. */
function nextBeginning({ windows }: ChangeWindow, after: DateTime): DateTime | null {
  const beginnings = Array.from({ length: 9 }, (_, days) => after.startOf("day").plus({ days })).flatMap(
    (day) =>
      windows.filter(({ days }) => days.includes(weekdayOf(day))).map(({ from }) => beginningOn(day, from)),
  );
  return DateTime.min(...beginnings.filter((beginning) => beginning > after)) ?? null;
}

/** Of a time that comes twice the first; of one that is left out, the first minute after the gap. */
function beginningOn(day: DateTime, clock: string): DateTime {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  const onThatDay = day.set({ hour, minute });
  let at = DateTime.min(...onThatDay.getPossibleOffsets()) ?? onThatDay;
  if (at.toFormat("HH:mm") === clock) return at;
  while (at.minus({ minutes: 1 }).offset === at.offset) at = at.minus({ minutes: 1 });
  return at;
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
