import type { Figure, Selectors } from "../config/schemas/slo";
import type { RequestCounts } from "../policies/gates/input";
import { increase } from "./counters";
import { requireKnown } from "./known-selector";
import { NoFigures, readSeries, readValues, type Series, type Value } from "./prometheus";

export interface Window {
  /** Unix time in seconds. */
  from: number;
  to: number;
}

export interface ReleaseCounts {
  counts: RequestCounts;
  /** What the requests were counted from, where that is known. */
  series: Series[];
}

/** Samples of counters, or the counts that a query of the user's own answers with. */
type Reading = { series: Series[] } | { values: Value[] };

/**
 * Whole counts of one service of one release.
 * @param before seconds to read before the window too: a counter's value at its start is the last sample before it.
 * @throws {NoFigures} when there are none that can be relied on.
 */
export async function countRequests(
  url: string,
  { requests, errors, durationBuckets, bucketUnit }: Selectors,
  window: Window,
  before: number,
): Promise<ReleaseCounts> {
  const [ofRequests, ofErrors, ofBuckets] = await Promise.all([
    read(url, requests, window, before),
    read(url, errors, window, before),
    durationBuckets === undefined ? { series: [] } : read(url, durationBuckets, window, before),
  ]);
  for (const [figure, reading] of [
    [requests, ofRequests],
    [errors, ofErrors],
  ] as const) {
    if ("values" in reading && reading.values.length === 0) {
      throw new NoFigures(
        `the query ${queryOf(figure, window)} answers nothing; of nothing it must answer 0`,
      );
    }
  }
  const series = "series" in ofRequests ? ofRequests.series : [];
  const someRequests = "values" in ofRequests || series.length > 0;
  if (typeof errors === "string" && "series" in ofErrors && ofErrors.series.length === 0 && someRequests) {
    await requireKnown(url, errors);
  }
  return {
    counts: {
      requests: total(ofRequests, window.from),
      errors: total(ofErrors, window.from),
      within: countBuckets(ofBuckets, window.from, bucketUnit === "seconds" ? 1 : 1000),
    },
    series,
  };
}

async function read(url: string, figure: Figure, window: Window, before: number): Promise<Reading> {
  return typeof figure === "string"
    ? { series: await readSeries(url, figure, window.from - before, window.to) }
    : { values: await readValues(url, queryOf(figure, window), window.to) };
}

function queryOf(figure: Figure, { from, to }: Window): string {
  const seconds = Math.max(1, Math.ceil(to - from));
  return typeof figure === "string" ? figure : figure.query.replaceAll("{{window}}", `${seconds}s`);
}

function total(reading: Reading, from: number): number {
  if ("series" in reading) return increase(reading.series, from);
  return reading.values.reduce((sum, { value }) => sum + value, 0);
}

/** Bounds in seconds → counts. */
function countBuckets(reading: Reading, from: number, unitsPerSecond: number): Record<string, number> {
  const entries = "series" in reading ? reading.series : reading.values;
  const bounds = [...new Set(entries.map(({ labels }) => labels.le).filter((le) => le !== undefined))];
  const within = bounds.map((le) => {
    const of = <Entry extends Series | Value>(list: Entry[]) => list.filter(({ labels }) => labels.le === le);
    const bucket = "series" in reading ? { series: of(reading.series) } : { values: of(reading.values) };
    const seconds = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le) / unitsPerSecond;
    return [String(seconds), total(bucket, from)];
  });
  return Object.fromEntries(within);
}
