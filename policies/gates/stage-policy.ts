import type { Objectives, SloPolicy } from "../../config/schemas/slo";

/** The part of the policy that counts while the candidate has one weight. */
export interface StagePolicy {
  minimumRequests: number;
  /** Seconds. */
  warmUp: number;
  /** Each with the window that counts for it, its own or a common one. */
  services: Readonly<Record<string, Objectives>>;
}

export function stagePolicy(policy: SloPolicy, weight: number): StagePolicy {
  const stage = policy.stages[String(weight)] ?? {};
  const common = stage.window ?? policy.window;
  const services = Object.entries({ ...policy.services, ...stage.services }).map(([name, objectives]) => [
    name,
    { ...objectives, window: objectives.window ?? common },
  ]);
  return {
    minimumRequests: stage.minimumRequests ?? policy.minimumRequests,
    warmUp: stage.warmUp ?? policy.warmUp,
    services: Object.fromEntries(services),
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

/**
 * What a comparison over one window may have of the probability of a false alarm.
 *
 * A bound over the counts holds at all times at once, but only for counts that begin at one time; of a window that
 * slides, every beginning is one more chance of a false alarm. The beginnings are on a grid that no outcome shifts,
 * so the one with `earlier` before it gets the share 1 / ((earlier + 1) · (earlier + 2)) of alpha: all of them
 * together, without end, have a sum of 1, and by the union bound alpha holds for all windows at one weight.
 * @param earlier how many windows began before this one; null where the window does not slide
 */
export function alphaOfWindow(alpha: number, earlier: number | null): number {
  return earlier === null ? alpha : alpha / ((earlier + 1) * (earlier + 2));
}
