import { gammaln } from "simple-statistics";

/**
 * Anytime-valid bounds of a proportion, from the counts alone.
 *
 * For a probability p, M(p) = ∫ qˢ(1−q)ⁿ⁻ˢ dBeta(½,½)(q) / pˢ(1−p)ⁿ⁻ˢ is a non-negative martingale of mean 1 when
 * p is the true probability, so by Ville's inequality P(∃n: M(p) ≥ 1/α) ≤ α: the set {p: M(p) < 1/α} holds the
 * true probability at all times at once, however often one looks. The beta-binomial mixture: Robbins, "Statistical
 * methods related to the law of the iterated logarithm", Ann. Math. Stat. 41 (1970); Howard, Ramdas, McAuliffe,
 * Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Stat. 49 (2021), §3.2.
 */
export interface Bounds {
  lower: number;
  upper: number;
}

const prior = 0.5;
const bisections = 60;

/**
 * @param successes how often it happened, whole, 0 to `trials`
 * @param alpha probability that a bound is ever wrong, 0 to 1
 */
export function proportionBounds(successes: number, trials: number, alpha: number): Bounds {
  if (trials === 0) return { lower: 0, upper: 1 };
  const estimate = successes / trials;
  const mixture =
    logBeta(prior + successes, prior + trials - successes) - logBeta(prior, prior) + Math.log(alpha);
  const excluded = (p: number) => mixture - logLikelihood(successes, trials, p) >= 0;
  return {
    lower: successes === 0 ? 0 : bisect(0, estimate, excluded),
    upper: successes === trials ? 1 : bisect(1, estimate, excluded),
  };
}

/** The point between an excluded end and an included one at which exclusion stops. */
function bisect(outside: number, inside: number, excluded: (p: number) => boolean): number {
  let low = outside;
  let high = inside;
  for (let step = 0; step < bisections; step++) {
    const middle = (low + high) / 2;
    if (excluded(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function logBeta(a: number, b: number): number {
  return gammaln(a) + gammaln(b) - gammaln(a + b);
}

function logLikelihood(successes: number, trials: number, p: number): number {
  const hits = successes === 0 ? 0 : successes * Math.log(p);
  const misses = successes === trials ? 0 : (trials - successes) * Math.log1p(-p);
  return hits + misses;
}
