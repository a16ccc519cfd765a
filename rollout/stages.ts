import { type CapacityMode, replicasFor } from "../config/schemas/capacity";

/** The next stage above a weight, or null at the top. Never skips one. */
export function nextStage(stages: readonly number[], weight: number): number | null {
  return stages.find((stage) => stage > weight) ?? null;
}

export type Side = "baseline" | "candidate";

/** What a service needs to know of its two sides. */
export interface ReplicaShare {
  /** Full size of the service. */
  replicas: number;
  /** Share of the candidate, 0 to 100. */
  weight: number;
  /** Whether there is another side at all. */
  alone: boolean;
}

/**
 * Replicas of one side of a service moved by weights: the candidate what its share needs, at least one while it
 * has any; the baseline its full set until it is retired, so that going back needs nothing to start, or where that is
 * too much what its share needs.
 */
export function weightedReplicas(
  side: Side,
  { replicas, weight, alone }: ReplicaShare,
  capacity: CapacityMode,
): number {
  if (alone) return replicas;
  if (side === "candidate") return replicasFor(replicas, weight);
  return capacity === "full" ? replicas : replicasFor(replicas, 100 - weight);
}

/**
 * Replicas of one side of a service that has no weights: the share itself. Both sides keep at least one while
 * both have a share, so a service of one replica runs twice meanwhile.
 */
export function sharedReplicas(side: Side, { replicas, weight, alone }: ReplicaShare): number {
  if (alone) return replicas;
  if (weight === 0) return side === "candidate" ? 0 : replicas;
  if (weight === 100) return side === "candidate" ? replicas : 0;
  const candidate = Math.max(1, Math.floor((replicas * weight) / 100));
  return side === "candidate" ? candidate : Math.max(1, replicas - candidate);
}
