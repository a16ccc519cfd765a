import { emptyHistogram, percentile } from "../../../local/load/histogram";

test("percentiles are at most one bucket, 10 %, above the true value and never above the maximum", () => {
  const histogram = emptyHistogram();
  for (let milliseconds = 1; milliseconds <= 1000; milliseconds++) {
    histogram.add(milliseconds);
  }
  for (const share of [0.5, 0.95, 0.99, 1]) {
    const exact = share * 1000;
    expect(percentile(histogram, share)).toBeGreaterThanOrEqual(exact * 0.99);
    expect(percentile(histogram, share)).toBeLessThanOrEqual(Math.min(exact * 1.11, 1000));
  }
});

test("an empty histogram answers 0; the extremes fall into the outer buckets", () => {
  const histogram = emptyHistogram();
  expect(percentile(histogram, 0.5)).toBe(0);
  histogram.add(0);
  histogram.add(10_000_000);
  expect(percentile(histogram, 0.5)).toBe(0.5);
  expect(histogram.max).toBe(10_000_000);
});
