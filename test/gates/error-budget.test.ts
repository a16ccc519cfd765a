import * as fc from "fast-check";
import { errorBudget } from "../../policies/gates/error-budget";
import type { BudgetSource } from "../../policies/gates/input/metrics";
import { rolling, steady } from "../rollout/releases";
import { policy, transition } from "./transitions";

const hour = 3600;
const windows = [
  [hour, 300],
  [6 * hour, 1800],
  [24 * hour, 2 * hour],
  [72 * hour, 6 * hour],
] as const;
const budgeted = policy({ api: { errorRate: { target: 0.001 } } }, { errorBudget: {} });

/** Burn rates of the four pairs, long and short. */
const burning = (...rates: [number | null, number | null][]): BudgetSource => ({
  status: "known",
  burns: windows.map(([longWindowSeconds, shortWindowSeconds], index) => ({
    service: "api",
    longWindowSeconds,
    shortWindowSeconds,
    longBurn: rates[index]?.[0] ?? null,
    shortBurn: rates[index]?.[1] ?? null,
  })),
});
const calm: [number, number] = [0.5, 0.5];

const judge = (budget: BudgetSource) =>
  errorBudget(
    transition({ kind: "start", from: steady(), to: rolling(10), slo: budgeted, snapshot: { budget } }),
  );

describe("the usual four pairs of windows", () => {
  test.each([
    ["14.4 times over 1 h", [[14.5, 15], calm, calm, calm], "fail"],
    ["6 times over 6 h", [calm, [6.1, 6.1], calm, calm], "fail"],
    ["3 times over a day", [calm, calm, [3.1, 3.1], calm], "fail"],
    ["slowly, over 3 days", [calm, calm, calm, [1.1, 1.1]], "fail"],
    ["too fast in one, unknown in another", [[Number.NaN, 1], [7, 7], calm, calm], "fail"],
    ["slowly, over 3 days, and no more", [calm, calm, calm, [1.1, 0.9]], "pass"],
    ["a rate of one pair that is no number", [calm, calm, [5, Number.NaN], calm], "hold"],
  ] as const)("%s", (_, rates, status) => {
    expect(judge(burning(...(rates as unknown as [number, number][])))).toMatchObject({
      gate: "error-budget",
      status,
    });
  });
});

describe("whatever the rates are", () => {
  const order = { pass: 2, skipped: 2, hold: 1, fail: 0 };
  const rate = fc.double({ min: 0, max: 40, noNaN: true });
  const rates = fc.tuple(
    fc.tuple(rate, rate),
    fc.tuple(rate, rate),
    fc.tuple(rate, rate),
    fc.tuple(rate, rate),
  );

  test("burning faster never opens it", () => {
    fc.assert(
      fc.property(rates, rates, (before, more) => {
        const faster = before.map(([long, short], index) => [
          long + (more[index]?.[0] ?? 0),
          short + (more[index]?.[1] ?? 0),
        ]) as typeof before;
        expect(order[judge(burning(...faster)).status]).toBeLessThanOrEqual(
          order[judge(burning(...before)).status],
        );
      }),
    );
  });

  test("with a figure missing it never passes", () => {
    fc.assert(
      fc.property(rates, fc.nat(3), fc.boolean(), (all, pair, whole) => {
        const source = burning(...all);
        if (source.status !== "known") throw new Error("not known");
        const burns = whole
          ? source.burns.filter((_, index) => index !== pair)
          : source.burns.map((burn, index) => (index === pair ? { ...burn, longBurn: Number.NaN } : burn));
        expect(["hold", "fail"]).toContain(judge({ status: "known", burns }).status);
      }),
    );
  });
});
