import * as fc from "fast-check";
import { errorBudget } from "../../policies/gates/error-budget";
import type { BudgetBurn, BudgetSource } from "../../policies/gates/input/metrics";
import { completed, next, rolling, steady } from "../rollout/releases";
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

const judge = (budget: BudgetSource, more: Parameters<typeof transition>[0] = {}) =>
  errorBudget(
    transition({
      kind: "start",
      from: steady(),
      to: rolling(10),
      slo: budgeted,
      ...more,
      snapshot: { budget, ...more?.snapshot },
    }),
  );

describe("the error budget of what is live", () => {
  test.each([
    ["nothing is burnt", [calm, calm, calm, calm], "pass"],
    ["14.4 times over 1 h and still going on", [[14.5, 15], calm, calm, calm], "fail"],
    ["exactly as much as is allowed", [[14.4, 14.4], calm, calm, calm], "pass"],
    ["over 1 h, but it has ended", [[14.5, 0], calm, calm, calm], "pass"],
    ["for 5 min only", [[3, 40], calm, calm, calm], "pass"],
    ["6 times over 6 h", [calm, [6.1, 6.1], calm, calm], "fail"],
    ["3 times over a day", [calm, calm, [3.1, 3.1], calm], "fail"],
    ["slowly, over 3 days", [calm, calm, calm, [1.1, 1.1]], "fail"],
    ["slowly, over 3 days, and no more", [calm, calm, calm, [1.1, 0.9]], "pass"],
    ["too fast in one, unknown in another", [[Number.NaN, 1], [7, 7], calm, calm], "fail"],
    ["nobody asks just now", [[14.5, null], calm, calm, calm], "pass"],
    [
      "nobody ever asked",
      [
        [null, null],
        [null, null],
        [null, null],
        [null, null],
      ],
      "hold",
    ],
    ["a rate that is no number", [calm, calm, [Number.NaN, 0], calm], "hold"],
    ["a short one that is no number", [calm, calm, [5, Number.NaN], calm], "hold"],
  ] as const)("%s", (_, rates, status) => {
    expect(judge(burning(...(rates as unknown as [number, number][])))).toMatchObject({
      gate: "error-budget",
      status,
    });
  });

  test("is told with rates, windows and what is allowed", () => {
    expect(judge(burning(calm, [20, 18.35], calm, calm))).toMatchObject({
      reason: expect.stringMatching(/^api: .*at 20 over 6 h, 18\.4 over 30 min.*lasts 30 d.*at most 6\./),
      observed: "20 over 6 h, 18.4 over 30 min",
      expected: "at most 6",
    });
  });

  test("may have another period and other pairs", () => {
    const slo = policy(
      { api: { errorRate: { target: 0.001 } } },
      { errorBudget: { period: "7d", pairs: [{ long: "1h", short: "5m", budgetShare: 0.05 }] } },
    );
    expect(judge(burning([8.4, 9]), { slo }).status).toBe("pass");
    expect(judge(burning([8.5, 9]), { slo }).status).toBe("fail");
  });

  test("of several services: the worst one counts, and one without figures holds", () => {
    const slo = policy(
      { api: { errorRate: { target: 0.001 } }, worker: { availability: { target: 0.999 } } },
      { errorBudget: {} },
    );
    const of = (service: string, source: BudgetSource): BudgetBurn[] =>
      source.status === "known" ? source.burns.map((burn) => ({ ...burn, service })) : [];
    const [good, bad] = [burning(calm, calm, calm, calm), burning([20, 20], calm, calm, calm)];
    const both = (api: BudgetSource, worker: BudgetSource): BudgetSource => ({
      status: "known",
      burns: [...of("api", api), ...of("worker", worker)],
    });
    expect(judge(both(good, good), { slo }).status).toBe("pass");
    expect(judge(both(good, bad), { slo })).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^worker/),
    });
    expect(judge(good, { slo })).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/^worker: no f/),
    });
  });
});

describe("what the error budget is not asked of", () => {
  test("a source that is silent holds; one that is not there is skipped", () => {
    expect(judge({ status: "unavailable", problem: "Prometheus is away" })).toMatchObject({
      status: "hold",
      reason: "no figures: Prometheus is away",
    });
    expect(judge({ status: "not-configured" })).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("channel.prometheus"),
    });
  });

  test("a policy without an error budget, or a live release without budgeted services", () => {
    const burnt = burning([20, 20]);
    expect(judge(burnt, { slo: policy() }).status).toBe("skipped");
    const slo = policy({ cart: { errorRate: { target: 0.1 } } }, { errorBudget: {} });
    expect(judge(burnt, { slo }).status).toBe("skipped");
  });

  test.each([
    ["an install", { kind: "install", to: steady(), from: null }],
    ["an advance", { kind: "advance", to: rolling(30), from: rolling(10) }],
    ["retiring the old release", { kind: "finalize", to: steady(next), from: completed() }],
  ] as const)("%s", (_, step) => {
    expect(judge(burning([20, 20]), step).status).toBe("skipped");
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
