import { type Check, instant } from "./check";
import { driftProblems, type Measured } from "./drift";

interface Soak extends Measured {
  started_at: string;
  ended_at: string;
  duration_seconds: number;
  requests: number;
  errors: number;
}

/** For rounding: a duration and its two times may come from different clocks of one machine. */
const toleranceSeconds = 1;

/** It ran for as long as it says, and nothing decayed against the accepted run. */
export const soak: Check<Soak> = (report, { baseline }) => {
  const { started_at, ended_at, duration_seconds, requests, errors } = report;
  const seconds = (instant(ended_at) - instant(started_at)) / 1000;
  return [
    ...(Math.abs(seconds - duration_seconds) <= toleranceSeconds
      ? []
      : [`says that it ran for ${duration_seconds} s; from start to end are ${seconds} s`]),
    ...(errors > requests ? [`has more errors (${errors}) than requests (${requests})`] : []),
    ...(baseline === null ? [] : driftProblems(report, baseline)),
  ];
};
