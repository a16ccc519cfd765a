import * as fc from "fast-check";
import { acceptable, probesFor } from "../../rollout/split";

const round = (sent: number, candidate: number, more: object = {}) => ({
  sent,
  answered: sent,
  candidate,
  strangers: 0,
  failure: null,
  ...more,
});

describe("whether a round of probes shows a weight", () => {
  test.each([
    [10, 20, true],
    [10, 7, true],
    [10, 34, true],
    [10, 0, false],
    [10, 60, false],
    [30, 20, false],
    [30, 60, true],
    [50, 100, true],
    [50, 60, false],
    [90, 200, false],
  ])("%i %%, %i of 200 answers by the candidate: %s", (weight, candidate, expected) => {
    expect(acceptable(weight, round(200, candidate))).toBe(expected);
  });

  test("at the ends there are no exceptions", () => {
    expect(acceptable(0, round(100, 0))).toBe(true);
    expect(acceptable(0, round(100, 1))).toBe(false);
    expect(acceptable(100, round(100, 100))).toBe(true);
    expect(acceptable(100, round(100, 99))).toBe(false);
  });

  test("a stranger, or a probe without an answer, shows nothing", () => {
    for (const weight of [0, 10, 100]) {
      const candidate = weight * 2;
      expect(acceptable(weight, round(200, candidate, { strangers: 1 }))).toBe(false);
      expect(acceptable(weight, round(200, candidate, { answered: 199 }))).toBe(false);
    }
  });

  test("no answers at all show nothing", () => {
    for (const weight of [0, 30, 100]) {
      expect(acceptable(weight, round(100, 0, { answered: 0 }))).toBe(false);
    }
  });

  test("a round is large enough that a side with a share is seen", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), (weight) => {
        const probes = probesFor(weight);
        expect(((100 - Math.min(weight, 100 - weight)) / 100) ** probes).toBeLessThanOrEqual(0.00101);
      }),
    );
  });

  test("what the binomial distribution gives is refused no more than once in a thousand rounds, about", () => {
    for (const weight of [1, 5, 10, 30, 50, 90, 99]) {
      const probes = probesFor(weight);
      const chance = binomial(probes, weight / 100);
      const refused = chance.reduce(
        (sum, p, count) => sum + (acceptable(weight, round(probes, count)) ? 0 : p),
        0,
      );
      expect(refused).toBeLessThan(0.005);
    }
  });

  test("a side with a share that was never seen is not confirmed", () => {
    const accepted = Array.from({ length: 99 }, (_, index) => index + 1).filter((weight) =>
      [0, probesFor(weight)].some((candidate) => acceptable(weight, round(probesFor(weight), candidate))),
    );
    expect(accepted).toEqual([]);
  });
});

/** Probabilities of 0 to n hits. */
function binomial(n: number, p: number): number[] {
  const chances = [(1 - p) ** n];
  for (let hits = 1; hits <= n; hits++) {
    chances.push(((chances[hits - 1] as number) * (n - hits + 1) * p) / (hits * (1 - p)));
  }
  return chances;
}
