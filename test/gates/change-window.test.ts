import { assert, constantFrom, date, integer, oneof, property, record, subarray } from "fast-check";
import { DateTime } from "luxon";
import type { z } from "zod";
import type { changeWindow as changeWindowSchema } from "../../config/schemas/governance";
import { changeWindow } from "../../policies/gates/change-window";
import { aChannel, transition } from "./transitions";

type Policy = z.input<typeof changeWindowSchema>;
type Window = NonNullable<Policy["windows"]>[number];

const judged = (policy: Policy, takenAt: string) =>
  changeWindow(transition({ channel: aChannel({ changeWindow: policy }), snapshot: { takenAt } }));
const berlin: Policy = { zone: "Europe/Berlin" };
const during = (...windows: Window[]): Policy => ({ ...berlin, windows });
const everyDay: Window["days"] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

describe("a window up to midnight", () => {
  test("is written by either of its names", () => {
    for (const to of ["24:00", "00:00"]) {
      const evenings = during({ days: ["mon"], from: "23:00", to });
      expect(judged(evenings, "2026-01-05T22:59:59Z").status).toBe("pass");
      expect(judged(evenings, "2026-01-05T23:00:00Z").status).toBe("hold");
    }
  });

  test("may be the whole day", () => {
    const whole = during({ days: ["mon"], from: "00:00", to: "24:00" });
    expect(judged(whole, "2026-01-04T23:00:00Z").status).toBe("pass");
    expect(judged(whole, "2026-01-05T22:59:59Z").status).toBe("pass");
    expect(judged(whole, "2026-01-05T23:00:00Z").status).toBe("hold");
  });
});

describe("when the clocks change", () => {
  // Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
  test("an hour that is left out opens nothing, and a window that begins in it begins after it", () => {
    const early = during({ days: ["sun"], from: "02:30", to: "04:00" });
    expect(judged(early, "2026-03-29T00:59:00Z")).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("opens on Sun 29 Mar 2026 03:00 +02:00"),
    });
    expect(judged(early, "2026-03-29T01:00:00Z").status).toBe("pass");
    const lost = during({ days: ["sun"], from: "02:00", to: "03:00" });
    expect(judged(lost, "2026-03-29T00:59:59Z")).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("opens on Sun 5 Apr 2026 02:00 +02:00"),
    });
    expect(judged(lost, "2026-03-29T01:00:00Z").status).toBe("hold");
  });

  test("a window that ends in the hour that is left out ends with it", () => {
    const night = during({ days: ["sat"], from: "22:00", to: "02:30" });
    expect(judged(night, "2026-03-29T00:59:59Z").status).toBe("pass");
    expect(judged(night, "2026-03-29T01:00:00Z").status).toBe("hold");
  });

  test("an hour that comes twice is in the window twice", () => {
    const early = during({ days: ["sun"], from: "02:00", to: "02:30" });
    const minutes = ["00:00", "00:29", "00:30", "00:59", "01:00", "01:29", "01:30"];
    expect(minutes.map((clock) => judged(early, `2026-10-25T${clock}:00Z`).status)).toEqual([
      "pass",
      "pass",
      "hold",
      "hold",
      "pass",
      "pass",
      "hold",
    ]);
    expect(judged(early, "2026-10-24T22:00:00Z").reason).toContain("Sun 25 Oct 2026 02:00 +02:00");
    expect(judged(early, "2026-10-25T00:45:00Z").reason).toContain("Sun 25 Oct 2026 02:00 +01:00");
    const before = during({ days: ["sun"], from: "01:00", to: "02:30" });
    expect(judged(before, "2026-10-25T00:45:00Z").reason).toContain("Sun 25 Oct 2026 02:00 +01:00");
  });

  test("an evening is as long as ever", () => {
    const evening = during({ days: everyDay, from: "18:00", to: "22:00" });
    for (const [day, first] of [
      ["2026-03-28", "17:00"],
      ["2026-03-29", "16:00"],
      ["2026-10-24", "16:00"],
      ["2026-10-25", "17:00"],
    ]) {
      const begins = Date.parse(`${day}T${first}:00Z`);
      const later = (seconds: number) =>
        judged(evening, new Date(begins + seconds * 1000).toISOString()).status;
      expect([later(-1), later(0), later(4 * 3600 - 1), later(4 * 3600)]).toEqual([
        "hold",
        "pass",
        "pass",
        "hold",
      ]);
    }
  });
});

const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Santiago",
  "Asia/Kolkata",
  "UTC",
] as const;
type Zone = (typeof zones)[number];

const formats = new Map<string, Intl.DateTimeFormat>(
  zones.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat("en", {
      timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
  ]),
);

/** The weekday and clock of a zone as the platform tells them, without the calendar library. */
function wallClock(instant: number, zone: Zone): { day: string; clock: string } {
  const format = formats.get(zone)!;
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  return { day: parts.weekday!.toLowerCase(), clock: `${parts.hour}:${parts.minute}` };
}

function isOpenByWallClock(windows: readonly Window[], instant: number, zone: Zone): boolean {
  const { day, clock } = wallClock(instant, zone);
  const yesterday = everyDay[(everyDay.indexOf(day as never) + 6) % 7]!;
  return windows.some(({ days, from, to }) =>
    from < to
      ? days.includes(day as never) && from <= clock && clock < to
      : (days.includes(day as never) && from <= clock) || (days.includes(yesterday) && clock < to),
  );
}

describe("for any windows, in any zone, around any change of clocks", () => {
  // Clocks change in the small hours.
  const clock = oneof(integer({ min: 0, max: 20 }), integer({ min: 0, max: 95 })).map(
    (quarter) =>
      `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`,
  );
  const window = record({ days: subarray(everyDay, { minLength: 1 }), from: clock, to: clock }).filter(
    ({ from, to }) => from !== to,
  );
  const situation = record({
    window,
    zone: constantFrom(...zones),
    day: constantFrom(
      "2026-03-28",
      "2026-03-07",
      "2026-04-04",
      "2026-09-05",
      "2026-10-03",
      "2026-10-24",
      "2026-10-31",
    ),
    minutes: integer({ min: 0, max: 2 * 24 * 60 }),
  });

  test("it is open exactly when the clock on the wall says so", () => {
    assert(
      property(situation, ({ window, zone, day, minutes }) => {
        const instant = Date.parse(`${day}T00:00:00Z`) + minutes * 60_000;
        const { status } = judged({ zone, windows: [window] }, new Date(instant).toISOString());
        expect(status).toBe(isOpenByWallClock([window], instant, zone) ? "pass" : "hold");
      }),
      { numRuns: 300 },
    );
  });

  test("what is told is the first minute in which it is open", () => {
    assert(
      property(situation, ({ window, zone, day, minutes }) => {
        const now = Date.parse(`${day}T00:00:00Z`) + minutes * 60_000;
        const { status, reason } = judged({ zone, windows: [window] }, new Date(now).toISOString());
        if (status === "pass") return;
        const [, told] = /opens on (.*) \(/.exec(reason) ?? [];
        const opening = DateTime.fromFormat(told!, "ccc d LLL yyyy HH:mm ZZ", { locale: "en" }).toMillis();
        const quarters = Math.ceil((opening - now) / 900_000);
        const before = Array.from({ length: quarters }, (_, quarter) =>
          Math.min(opening - 60_000, now + quarter * 900_000),
        );
        expect(before.filter((instant) => isOpenByWallClock([window], instant, zone))).toEqual([]);
        expect(isOpenByWallClock([window], opening, zone)).toBe(true);
        expect(isOpenByWallClock([window], opening - 60_000, zone)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test("a freeze never opens anything", () => {
    assert(
      property(
        situation,
        date({ noInvalidDate: true, min: new Date(0), max: new Date("2027-01-01") }),
        (one, from) => {
          const instant = Date.parse(`${one.day}T00:00:00Z`) + one.minutes * 60_000;
          const takenAt = new Date(instant).toISOString();
          const policy = { zone: one.zone, windows: [one.window] };
          const freezes = [{ from: from.toISOString(), to: "2028-01-01T00:00:00Z", reason: "frozen" }];
          const without = judged(policy, takenAt).status;
          const frozen = judged({ ...policy, freezes }, takenAt).status;
          expect(frozen).toBe(from.getTime() <= instant ? "hold" : without);
        },
      ),
      { numRuns: 100 },
    );
  });
});
