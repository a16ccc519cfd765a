import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

const share = z.number().gt(0).lt(1);

/**
 * Prometheus series selectors. `{{namespace}}`, `{{service}}` (the Kubernetes Service of one release),
 * `{{release}}` and `{{port}}` are replaced; counters are read as raw samples, never through `rate()`,
 * because the statistics need whole counts.
 */
const selectors = z.strictObject({
  /** Counter of all requests. */
  requests: z.string().min(1),
  /** Counter of failed requests. */
  errors: z.string().min(1),
  /** Histogram's `_bucket` counter of request durations; needed only for latency objectives. */
  durationBuckets: z.string().min(1).optional(),
});

const objectives = z.strictObject({
  errorRate: z
    .strictObject({
      /** Highest share of failed requests. */
      target: share,
      /** How much worse than the baseline, over the same window, is still no difference. */
      marginOverBaseline: z.number().min(0).lt(1).default(0.005),
    })
    .optional(),
  latency: z
    .array(
      z.strictObject({
        /** Upper bound of a histogram bucket, in seconds. */
        withinSeconds: z.number().gt(0),
        /** Share of requests that must be answered within it; 0.95 is a p95 objective. */
        share,
      }),
    )
    .default([]),
});

/** `slo.yaml`: service levels each candidate is judged by. */
export const sloPolicy = z.strictObject({
  source: z.union([z.literal("traefik"), selectors]).default("traefik"),
  /** Below this many candidate requests nothing is said about it. */
  minimumRequests: z.int().min(1).default(100),
  /** Probability of ever blocking a candidate that is in fact within an objective; of each objective and weight. */
  falseAlarm: z.number().gt(0).lt(0.5).default(0.01),
  /** A newest sample older than this is no sample. */
  staleAfter: durationSeconds.default(60),
  services: z.record(dnsLabel(30), objectives),
});

export type SloPolicy = z.infer<typeof sloPolicy>;
export type Objectives = SloPolicy["services"][string];
export type Selectors = z.infer<typeof selectors>;
