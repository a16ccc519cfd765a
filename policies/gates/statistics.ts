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
  const mixture = logMixture({ successes, trials }) + Math.log(alpha);
  const excluded = (p: number) => mixture - logLikelihood({ successes, trials }, p) >= 0;
  return {
    lower: successes === 0 ? 0 : bisect(0, estimate, excluded),
    upper: successes === trials ? 1 : bisect(1, estimate, excluded),
  };
}

/** How often something happened: `successes` of `trials`, both whole. */
export interface Proportion {
  successes: number;
  trials: number;
}

/**
 * Whether the first probability certainly exceeds the second by more than a margin, from the counts alone, however
 * often one looks.
 *
 * For two independent sequences the product of their mixtures over their likelihood, M(p₁)·M(p₂), is a non-negative
 * martingale under the true probabilities. Divided by the greatest likelihood under p₁ − p₂ ≤ margin it is smaller
 * still, so by Ville's inequality it reaches 1/α with probability α at most, whichever pair within the margin is
 * true: Wasserman, Ramdas, Balakrishnan, "Universal inference", PNAS 117 (2020); for two
 * proportions Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
 * stopping", J. Stat. Plan. Inference 230 (2024).
 * @param alpha probability that this is ever said wrongly, 0 to 1
 */
export function certainlyExceeds(
  first: Proportion,
  second: Proportion,
  margin: number,
  alpha: number,
): boolean {
  if (first.trials === 0 || second.trials === 0) return false;
  const [estimate, other] = [first.successes / first.trials, second.successes / second.trials];
  if (estimate - other <= margin) return false;
  const gains = (p: number) => slope(first, p + margin) + slope(second, p) > 0;
  // Within the margin the likelihood is greatest on its edge, between the two estimates.
  const likeliest = bisect(other, estimate - margin, gains);
  const greatest = logLikelihood(first, likeliest + margin) + logLikelihood(second, likeliest);
  return logMixture(first) + logMixture(second) - greatest >= -Math.log(alpha);
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

/** Log of the likelihood averaged over the prior. */
function logMixture({ successes, trials }: Proportion): number {
  return logBeta(prior + successes, prior + trials - successes) - logBeta(prior, prior);
}

/** Of the log likelihood. */
function slope({ successes, trials }: Proportion, p: number): number {
  return successes / p - (trials - successes) / (1 - p);
}

function logLikelihood({ successes, trials }: Proportion, p: number): number {
  const hits = successes === 0 ? 0 : successes * Math.log(p);
  const misses = successes === trials ? 0 : (trials - successes) * Math.log1p(-p);
  return hits + misses;
}
