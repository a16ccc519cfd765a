import * as fc from "fast-check";
import { certainlyExceeds, proportionBounds } from "../../policies/gates/statistics";

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((trials) =>
    fc.record({ trials: fc.constant(trials), successes: fc.integer({ min: 0, max: trials }) }),
  );
const alphas = fc.constantFrom(0.001, 0.005, 0.05, 0.2);

describe("bounds of a proportion that hold at all times", () => {
  test("know nothing without trials", () => {
    expect(proportionBounds(0, 0, 0.05)).toEqual({ lower: 0, upper: 1 });
  });

  test("contain the estimate, and lie between 0 and 1", () => {
    fc.assert(
      fc.property(counts, alphas, ({ successes, trials }, alpha) => {
        const { lower, upper } = proportionBounds(successes, trials, alpha);
        expect(lower).toBeGreaterThanOrEqual(0);
        expect(lower).toBeLessThanOrEqual(successes / trials);
        expect(upper).toBeGreaterThanOrEqual(successes / trials);
        expect(upper).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("rise with every success in the place of a failure", () => {
    fc.assert(
      fc.property(counts, alphas, ({ successes, trials }, alpha) => {
        fc.pre(successes < trials);
        const fewer = proportionBounds(successes, trials, alpha);
        const more = proportionBounds(successes + 1, trials, alpha);
        expect(more.lower).toBeGreaterThanOrEqual(fewer.lower - 1e-9);
        expect(more.upper).toBeGreaterThanOrEqual(fewer.upper - 1e-9);
      }),
    );
  });

  test("are wider for a smaller alpha, and closer with more of the same", () => {
    fc.assert(
      fc.property(counts, ({ successes, trials }) => {
        const width = ({ lower, upper }: { lower: number; upper: number }) => upper - lower;
        const at = (alpha: number) => proportionBounds(successes, trials, alpha);
        expect(width(at(0.01))).toBeGreaterThanOrEqual(width(at(0.1)) - 1e-9);
        expect(width(proportionBounds(10 * successes, 10 * trials, 0.05))).toBeLessThan(
          width(at(0.05)) + 1e-9,
        );
      }),
    );
  });

  test("are the same the other way round", () => {
    fc.assert(
      fc.property(counts, alphas, ({ successes, trials }, alpha) => {
        const of = proportionBounds(successes, trials, alpha);
        const not = proportionBounds(trials - successes, trials, alpha);
        expect(of.lower).toBeCloseTo(1 - not.upper, 8);
        expect(of.upper).toBeCloseTo(1 - not.lower, 8);
      }),
    );
  });

  test.each([
    // Solved independently, with exact rational arithmetic of the beta-binomial mixture.
    [0, 100, 0.05],
    [5, 100, 0.05],
    [50, 1000, 0.005],
    [500, 10_000, 0.005],
  ])(
    "%i of %i at alpha %d: the likelihood at a bound is alpha times the mixture's",
    (successes, trials, alpha) => {
      const { lower, upper } = proportionBounds(successes, trials, alpha);
      for (const bound of [lower, upper].filter((p) => p > 0 && p < 1)) {
        expect(logMixture(successes, trials) - logLikelihood(successes, trials, bound)).toBeCloseTo(
          Math.log(1 / alpha),
          4,
        );
      }
    },
  );

  test("hold for very large counts too", () => {
    const { lower, upper } = proportionBounds(1_000_000, 100_000_000, 0.01);
    expect(lower).toBeGreaterThan(0.0099);
    expect(upper).toBeLessThan(0.0101);
    expect(lower).toBeLessThan(0.01);
    expect(upper).toBeGreaterThan(0.01);
  });

  test("are wrong no more often than alpha, though they are looked at after every request", () => {
    const alpha = 0.1;
    const [runs, requests] = [150, 200];
    const random = generator(42);
    for (const truth of [0.02, 0.3]) {
      let wrong = 0;
      for (let run = 0; run < runs; run++) {
        let successes = 0;
        for (let trials = 1; trials <= requests; trials++) {
          if (random() < truth) successes++;
          const { lower, upper } = proportionBounds(successes, trials, alpha);
          if (lower <= truth && truth <= upper) continue;
          wrong++;
          break;
        }
      }
      // Three standard errors over alpha would still be noise.
      expect(wrong / runs).toBeLessThanOrEqual(alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / runs));
    }
  });

  test("find a real difference all the same", () => {
    const random = generator(7);
    let successes = 0;
    for (let trial = 0; trial < 1_000; trial++) if (random() < 0.05) successes++;
    expect(proportionBounds(successes, 1_000, 0.005).lower).toBeGreaterThan(0.01);
  });
});

describe("a difference of two proportions that is certain at any time", () => {
  const pairs = fc.record({ first: counts, second: counts });
  const margins = fc.constantFrom(0, 0.005, 0.05);

  test("is never seen where nothing was counted, or where the estimates are within the margin", () => {
    expect(certainlyExceeds({ successes: 0, trials: 0 }, { successes: 0, trials: 10 }, 0, 0.1)).toBe(false);
    expect(certainlyExceeds({ successes: 10, trials: 10 }, { successes: 0, trials: 0 }, 0, 0.1)).toBe(false);
    fc.assert(
      fc.property(pairs, margins, alphas, ({ first, second }, margin, alpha) => {
        fc.pre(first.successes / first.trials - second.successes / second.trials <= margin);
        expect(certainlyExceeds(first, second, margin, alpha)).toBe(false);
      }),
    );
  });

  test("stays when the first has one more, goes never when the second has one more", () => {
    fc.assert(
      fc.property(pairs, margins, alphas, ({ first, second }, margin, alpha) => {
        const certain = certainlyExceeds(first, second, margin, alpha);
        if (first.successes < first.trials && certain) {
          const more = { ...first, successes: first.successes + 1 };
          expect(certainlyExceeds(more, second, margin, alpha)).toBe(true);
        }
        if (second.successes < second.trials && !certain) {
          const more = { ...second, successes: second.successes + 1 };
          expect(certainlyExceeds(first, more, margin, alpha)).toBe(false);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("of a greater margin or a smaller alpha is certain later", () => {
    fc.assert(
      fc.property(pairs, ({ first, second }) => {
        const certain = (margin: number, alpha: number) => certainlyExceeds(first, second, margin, alpha);
        if (certain(0.05, 0.05)) expect(certain(0.005, 0.05)).toBe(true);
        if (certain(0.005, 0.001)) expect(certain(0.005, 0.05)).toBe(true);
      }),
    );
  });

  test.each([
    [30, 1000, 10, 9000, 0.005],
    [5, 20, 3, 200, 0],
    [900, 1000, 7000, 9000, 0.05],
  ])(
    "%i of %i against %i of %i, margin %d: the greatest likelihood within it, by trying",
    (a, n, b, m, margin) => {
      const [first, second] = [
        { successes: a, trials: n },
        { successes: b, trials: m },
      ];
      let greatest = Number.NEGATIVE_INFINITY;
      for (let p = 0.000005; p + margin < 1; p += 0.00001) {
        greatest = Math.max(greatest, logLikelihood(a, n, p + margin) + logLikelihood(b, m, p));
      }
      const evidence = logMixture(a, n) + logMixture(b, m) - greatest;
      expect(certainlyExceeds(first, second, margin, Math.exp(-evidence) * 1.01)).toBe(true);
      expect(certainlyExceeds(first, second, margin, Math.exp(-evidence) * 0.99)).toBe(false);
    },
  );

  test("is said wrongly no more often than alpha, though one looks after every request", () => {
    const [alpha, runs, requests, margin] = [0.1, 200, 300, 0.02];
    const random = generator(11);
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      const [first, second] = [
        { successes: 0, trials: 0 },
        { successes: 0, trials: 0 },
      ];
      for (let request = 0; request < requests; request++) {
        const [one, truth] = random() < 0.3 ? [first, 0.07] : [second, 0.05];
        one.trials++;
        if (random() < truth) one.successes++;
        if (!certainlyExceeds(first, second, margin, alpha)) continue;
        wrong++;
        break;
      }
    }
    expect(wrong / runs).toBeLessThanOrEqual(alpha + 3 * Math.sqrt((alpha * (1 - alpha)) / runs));
  });

  test("is found with fewer requests than by two bounds that must not touch", () => {
    const [first, second] = [
      { successes: 36, trials: 1000 },
      { successes: 81, trials: 9000 },
    ];
    const bounds = (of: typeof first) => proportionBounds(of.successes, of.trials, 0.001 / 2);
    expect(bounds(first).lower - bounds(second).upper).toBeLessThan(0);
    expect(certainlyExceeds(first, second, 0, 0.001)).toBe(true);
  });
});

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log of B(½+s, ½+f) / B(½, ½), as the product it is. */
function logMixture(successes: number, trials: number): number {
  let sum = 0;
  for (let k = 0; k < successes; k++) sum += Math.log(k + 0.5);
  for (let k = 0; k < trials - successes; k++) sum += Math.log(k + 0.5);
  for (let k = 1; k <= trials; k++) sum -= Math.log(k);
  return sum;
}

function logLikelihood(successes: number, trials: number, p: number): number {
  return successes * Math.log(p) + (trials - successes) * Math.log1p(-p);
}
