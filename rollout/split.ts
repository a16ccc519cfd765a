/** Answers of one round of probes. */
export interface ProbeCounts {
  sent: number;
  /** Answers by one of the releases that have a weight. */
  answered: number;
  candidate: number;
  /** Answers by something else. */
  strangers: number;
  /** The last thing that went wrong, if anything did. */
  failure: string | null;
}

/** Two-sided 99.9 % of the normal distribution. */
const z999 = 3.2905;

const probesAtTheEnds = 100;
const probesBetween = 200;
/** Small weights need more probes before a share of nothing becomes impossible: (1 − w)ⁿ < 0.001. */
const certainty = 0.001;

/** How many probes make a round for a weight, 0 to 100. */
export function probesFor(weight: number): number {
  if (weight === 0 || weight === 100) return probesAtTheEnds;
  const rarer = Math.min(weight, 100 - weight) / 100;
  return Math.max(probesBetween, Math.ceil(Math.log(certainty) / Math.log(1 - rarer)));
}

const fewestOfCohort = 20;
const mostOfCohort = 100;

/**
 * How many probes of a cohort have to reach its release, which has this weight without it: so many that chance
 * alone would not take them all there, within reason.
 */
export function cohortProbes(weight: number): number {
  if (weight <= 0 || weight >= 100) return fewestOfCohort;
  const needed = Math.ceil(Math.log(certainty) / Math.log(weight / 100));
  return Math.min(mostOfCohort, Math.max(fewestOfCohort, needed));
}

/**
 * Whether a round of probes shows the weight: every probe was answered by one of the releases, and the
 * candidate's share lies within the 99.9 % interval of the binomial distribution (normal approximation with
 * continuity correction; Wilson 1927). At 0 and 100 there are no exceptions.
 */
export function acceptable(weight: number, { sent, answered, candidate, strangers }: ProbeCounts): boolean {
  if (strangers > 0 || answered < sent) return false;
  if (weight === 0) return candidate === 0;
  if (weight === 100) return candidate === answered;
  // A side that has a share must have been seen.
  if (candidate === 0 || candidate === answered) return false;
  const share = weight / 100;
  const deviation = Math.abs(candidate - answered * share);
  return deviation <= z999 * Math.sqrt(answered * share * (1 - share)) + 0.5;
}
