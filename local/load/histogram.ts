const firstBound = 0.5;
const growth = 1.1;
const buckets = 128;

/** Counts of durations in buckets whose upper bounds grow by 10 %, from half a millisecond to minutes. */
export interface Histogram {
  readonly counts: number[];
  max: number;
  add(milliseconds: number): void;
}

export function emptyHistogram(): Histogram {
  return {
    counts: Array.from({ length: buckets }, () => 0),
    max: 0,
    add(milliseconds) {
      const bucket = Math.ceil(Math.log(Math.max(milliseconds, firstBound) / firstBound) / Math.log(growth));
      const index = Math.min(bucket, buckets - 1);
      this.counts[index] = (this.counts[index] ?? 0) + 1;
      this.max = Math.max(this.max, milliseconds);
    },
  };
}

/** Upper bound, in milliseconds, of the bucket that holds the `share` (0–1) of all durations; 0 when empty. */
export function percentile(histogram: Histogram, share: number): number {
  const total = histogram.counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of histogram.counts.entries()) {
    seen += count;
    if (count > 0 && seen >= total * share) {
      const bound = Number((firstBound * growth ** index).toFixed(1));
      return Math.min(bound, Math.ceil(histogram.max));
    }
  }
  return 0;
}
