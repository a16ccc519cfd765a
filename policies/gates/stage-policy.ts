import type { Objectives, SloPolicy } from "../../config/schemas/slo";

/** The part of the policy that counts while the candidate has one weight. */
export interface StagePolicy {
  minimumRequests: number;
  /** Seconds. */
  warmUp: number;
  services: Readonly<Record<string, Objectives>>;
}

export function stagePolicy(policy: SloPolicy, weight: number): StagePolicy {
  const { services, ...numbers } = policy.stages[String(weight)] ?? {};
  return {
    minimumRequests: numbers.minimumRequests ?? policy.minimumRequests,
    warmUp: numbers.warmUp ?? policy.warmUp,
    services: { ...policy.services, ...services },
  };
}

/**
 * The probability of a false alarm that each single comparison may have, so that all of one rollout together stay
 * within the policy's: each objective is compared with its target and with the baseline, once at each weight
 * (Bonferroni). It depends on what is configured only, never on what was seen.
 */
export function alphaOfComparison(
  falseAlarm: number,
  objectives: readonly Objectives[],
  stages: number,
): number {
  const perService = objectives.map(
    ({ errorRate, latency }) => 2 * ((errorRate === undefined ? 0 : 1) + latency.length),
  );
  const comparisons = stages * perService.reduce((sum, count) => sum + count, 0);
  return falseAlarm / Math.max(1, comparisons);
}
