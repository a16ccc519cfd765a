import type { Check } from "./check";
import { driftProblems, type Measured } from "./drift";

/** No figure drifted away from the accepted ones, and no suggested threshold would alert from the first minute. */
export const capacityBaseline: Check<Measured> = (report, { baseline }) => [
  ...(baseline === null ? [] : driftProblems(report, baseline)),
  ...Object.entries(report.metrics).flatMap(([name, { value, better, suggested_threshold: threshold }]) => {
    if (threshold === undefined) return [];
    const exceeded = better === "lower" ? value > threshold : value < threshold;
    return exceeded
      ? [`the threshold suggested for ${name} (${threshold}) is passed by ${value} already`]
      : [];
  }),
];
