import { NoFigures, type Series } from "./prometheus";

/** A counter's whole increase over a window: every restart of its process begins at 0 again. */
export function increase(series: readonly Series[], fromSeconds: number): number {
  return series.reduce((total, { samples }) => total + increaseOf(samples, fromSeconds), 0);
}

function increaseOf(samples: Series["samples"], fromSeconds: number): number {
  const start = samples.findLastIndex(([time]) => time <= fromSeconds);
  let previous = samples[start]?.[1] ?? 0;
  let total = 0;
  if (samples.some(([, value]) => !Number.isFinite(value))) throw new NoFigures("a sample is not a number");
  for (const [, value] of samples.slice(start + 1)) {
    total += value >= previous ? value - previous : value;
    previous = value;
  }
  return total;
}

/**
 * A series born within the window counts from 0, which is right only if it would have been seen before: some
 * series of the same source must reach back to the window's start, and the newest sample must be fresh.
 * @throws {NoFigures} otherwise.
 */
export function requireCoverage(
  series: readonly Series[],
  fromSeconds: number,
  nowSeconds: number,
  staleAfterSeconds: number,
): void {
  const times = series.flatMap(({ samples }) => samples.map(([time]) => time));
  if (times.length === 0) throw new NoFigures("the metrics source has no samples of this service");
  if (Math.min(...times) > fromSeconds) {
    throw new NoFigures(`its samples do not reach back to ${new Date(fromSeconds * 1000).toISOString()}`);
  }
  requireFresh(series, nowSeconds, staleAfterSeconds);
}

/** @throws {NoFigures} when the newest sample is too old to speak of now. */
export function requireFresh(series: readonly Series[], nowSeconds: number, staleAfterSeconds: number): void {
  const newest = Math.max(...series.flatMap(({ samples }) => samples.map(([time]) => time)));
  const age = nowSeconds - newest;
  if (age > staleAfterSeconds) throw new NoFigures(`its newest sample is ${Math.round(age)} s old`);
}
