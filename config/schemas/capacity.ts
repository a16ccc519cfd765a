import { z } from "zod";

/** `full`: the baseline keeps all its pods until it is retired; `lean`: only what its remaining share needs. */
export const capacityMode = z.enum(["full", "lean"], { error: "expected full or lean" });
export type CapacityMode = z.infer<typeof capacityMode>;

const surgeError = {
  error: "expected a number of pods, or a share of a service's size such as 50%",
  abort: true,
};

/** How many pods of both releases together there may be beyond a service's size, while its share is raised. */
export const surge = z.union(
  [z.int(surgeError).min(1, surgeError), z.string().regex(/^[1-9]\d*%$/, surgeError)],
  surgeError,
);

/** Bounds of a HorizontalPodAutoscaler, and the use of the requested CPU, in percent, that it keeps. */
export const autoscaling = z
  .strictObject({
    minReplicas: z.int().min(1),
    maxReplicas: z.int().min(1).max(1000),
    cpuUtilization: z.int().min(1),
  })
  .superRefine(({ minReplicas, maxReplicas }, context) => {
    if (maxReplicas >= minReplicas) return;
    context.addIssue({
      code: "custom",
      path: ["maxReplicas"],
      message: `expected minReplicas, ${minReplicas}, or more`,
      input: maxReplicas,
    });
  });
export type Autoscaling = z.infer<typeof autoscaling>;

/** Of a service that says nothing of its size. */
export const defaultReplicas = 2;

/** Pods that a share of the traffic needs, in percent: at least one. */
export function replicasFor(size: number, share: number): number {
  return Math.max(1, Math.ceil((size * share) / 100));
}

/** Pods that a bound allows beyond a service's size. */
export function surgePods(bound: z.infer<typeof surge>, size: number): number {
  return typeof bound === "number" ? bound : Math.ceil((size * Number.parseInt(bound, 10)) / 100);
}

interface Sized {
  replicas?: number | undefined;
  autoscaling?: Autoscaling | undefined;
}

export interface SurgeInput {
  capacity: CapacityMode;
  surge?: z.infer<typeof surge> | undefined;
  stages: readonly number[];
  services: Readonly<Record<string, Sized>>;
  /** While one is in force, the candidate runs at its full size. */
  cohorts: Readonly<Record<string, { from?: number | undefined }>>;
}

/** Refuses a bound that some stage could never keep: found here, and not in the middle of a rollout. */
export function checkSurge(input: SurgeInput, context: z.RefinementCtx): void {
  const { surge: bound, capacity } = input;
  if (bound === undefined) return;
  for (const [service, sized] of Object.entries(input.services)) {
    const peak = worstPeak(input, bound, sizesOf(sized));
    if (peak === null) continue;
    const { size, stage, baseline, candidate } = peak;
    const needed = baseline + candidate - size;
    const leaner = withCohorts(input, stage) ? "let no cohort be in force" : "put a stage below it";
    const wayOut = capacity === "full" ? "choose `capacity: lean`" : leaner;
    context.addIssue({
      code: "custom",
      path: ["surge"],
      message:
        `expected ${needed} pods or more: before ${service} goes to ${stage} %, ${candidate} of the candidate are ready ` +
        `beside ${baseline} of the baseline, and its size is ${size}. Raise it, or ${wayOut}`,
      input: bound,
    });
  }
}

function sizesOf({ replicas, autoscaling: bounds }: Sized): number[] {
  if (bounds === undefined) return [replicas ?? defaultReplicas];
  const { minReplicas, maxReplicas } = bounds;
  return Array.from(
    { length: Math.max(0, maxReplicas - minReplicas + 1) },
    (_, index) => minReplicas + index,
  );
}

interface Peak {
  size: number;
  stage: number;
  baseline: number;
  candidate: number;
  /** Pods beyond the bound. */
  excess: number;
}

/** The stage that goes furthest beyond the bound; null where all keep it. */
function worstPeak(
  input: SurgeInput,
  bound: NonNullable<SurgeInput["surge"]>,
  sizes: readonly number[],
): Peak | null {
  const { capacity, stages } = input;
  const peaks = sizes.flatMap((size) =>
    stages.map((stage, index): Peak => {
      const candidate = withCohorts(input, stage) ? size : replicasFor(size, stage);
      const baseline = capacity === "full" ? size : replicasFor(size, 100 - (stages[index - 1] ?? 0));
      const excess = baseline + candidate - size - surgePods(bound, size);
      return { size, stage, baseline, candidate, excess };
    }),
  );
  return peaks.reduce<Peak | null>(
    (worst, peak) => (peak.excess > (worst?.excess ?? 0) ? peak : worst),
    null,
  );
}

/** Whether a cohort is in force at a stage below 100 %, or was at the one before it. */
function withCohorts({ stages, cohorts }: SurgeInput, stage: number): boolean {
  const below = [stage, stages[stages.indexOf(stage) - 1] ?? 0].filter((weight) => weight < 100);
  return Object.values(cohorts).some(({ from = 1 }) => below.some((weight) => from <= weight));
}
