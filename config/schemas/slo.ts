import { z } from "zod";
import type { ChannelSection } from "./channel";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

const noShare = { error: "expected a share between 0 and 1, as in 0.01 for 1 %" };
const share = z.number(noShare).gt(0, noShare).lt(1, noShare);
/** With 1 there is nothing that would be a difference, so that nothing is compared. */
const margin = z.number().min(0).max(1);

/**
 * One figure of a service. A selector of a counter: read as raw samples, never through `rate()`, because the
 * statistics need whole counts. Or `query`: PromQL that answers with whole counts over the last `{{window}}`.
 */
const figure = z.union([z.string().min(1), z.strictObject({ query: z.string().min(1) })]);
export type Figure = z.infer<typeof figure>;

/**
 * Where the counts of one service of one release stand in Prometheus. `{{namespace}}`, `{{service}}` (the
 * Kubernetes Service of one release), `{{name}}` (the service's own name), `{{release}}` and `{{version}}` are
 * replaced.
 */
const selectors = z.strictObject({
  /** All requests. */
  requests: figure,
  /** Failed requests. */
  errors: figure,
  /** Histogram's `_bucket` counter of request durations; needed only for latency objectives. */
  durationBuckets: figure.optional(),
  /** Unit of the buckets' bounds (label `le`). */
  bucketUnit: z.enum(["seconds", "milliseconds"]).default("seconds"),
});
export type Selectors = z.infer<typeof selectors>;

const metricName = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, { error: "expected a metric's name such as http_requests_total" });
const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, { error: "expected a label's name such as status" });

/** What the application's own metrics are called; the defaults are the usual names of client libraries. */
const applicationMetrics = z.strictObject({
  /** Counter of all requests. */
  requests: metricName.default("http_requests_total"),
  /** Its label that holds the status, and which of its values are failures (a regular expression). */
  statusLabel: labelName.default("status"),
  errorStatus: z.string().min(1).default("5.."),
  /** Histogram of durations in seconds; its `_bucket` counters are read. */
  durations: metricName.default("http_request_duration_seconds"),
  /** Labels by which the series of one service of one release are known. */
  labels: z
    .record(labelName, z.string())
    .default({ namespace: "{{namespace}}", service: "{{name}}", release: "{{release}}" }),
});
export type ApplicationMetrics = z.infer<typeof applicationMetrics>;

/** 1 − 0.99 is 0.01, not 0.010000000000000009. */
export function complement(part: number): number {
  return Number((1 - part).toFixed(12));
}

const failureObjective = {
  /** How much worse than the baseline, over the same window, is still no difference. */
  marginOverBaseline: margin.default(0.005),
};

/**
 * Only the last so much of the time at one weight is judged; without it, all since the confirmation. It forgets what
 * went before; see `docs/gates/live.md` for what its verdicts still guarantee.
 */
const window = durationSeconds.pipe(z.number().min(1, { error: "expected a window of at least 1s" }));

const objectives = z
  .strictObject({
    /** Before that of the stage and of the policy. */
    window: window.optional(),
    /** `target`: highest share of failed requests. */
    errorRate: z.strictObject({ target: share, ...failureObjective }).optional(),
    /** The same the other way round. `target`: lowest share of requests that are answered well. */
    availability: z.strictObject({ target: share, ...failureObjective }).optional(),
    latency: z
      .array(
        z.strictObject({
          /** Upper bound of a histogram bucket, in seconds. */
          withinSeconds: z.number().gt(0),
          /** Share of requests that must be answered within it; 0.95 is a p95 objective. */
          share,
          /** How many more slow requests than the baseline, as a share, are still no difference. */
          marginOverBaseline: margin.default(0.05),
        }),
      )
      .default([]),
  })
  .refine(({ errorRate, availability }) => errorRate === undefined || availability === undefined, {
    error: "expected errorRate or availability, not both: they say the same",
    path: ["availability"],
  })
  .refine(
    ({ errorRate, availability, latency }) =>
      errorRate !== undefined || availability !== undefined || latency.length > 0,
    { error: "expected errorRate, availability or latency: without one there is nothing to judge by" },
  )
  .transform(({ availability, ...rest }) =>
    availability === undefined
      ? rest
      : { ...rest, errorRate: { ...availability, target: complement(availability.target) } },
  );
export type Objectives = z.infer<typeof objectives>;

const services = z.record(dnsLabel(30), objectives);

/** What is otherwise while the candidate has this weight; its services replace those of the same name. */
const stagePolicy = z.strictObject({
  minimumRequests: z.int().min(1).optional(),
  warmUp: durationSeconds.optional(),
  /** Before that of the policy. */
  window: window.optional(),
  services: services.optional(),
});

const weight = z
  .string()
  .regex(/^([1-9]\d?|100)$/, { error: "expected the candidate's weight, from 1 to 100" });

/**
 * Shares of the period's budget, spent over windows of which the short one is a twelfth of the long: Beyer et al.,
 * "The Site Reliability Workbook", ch. 5 "Alerting on SLOs", method 6; the third pair as in sloth's windows for 30
 * days. Over 30 days these are burn rates of 14.4, 6, 3 and 1.
 */
const workbookPairs = [
  { long: "1h", short: "5m", budgetShare: 0.02 },
  { long: "6h", short: "30m", budgetShare: 0.05 },
  { long: "1d", short: "2h", budgetShare: 0.1 },
  { long: "3d", short: "6h", budgetShare: 0.1 },
];

const errorBudget = z
  .strictObject({
    period: durationSeconds.default(30 * 86_400),
    pairs: z
      .array(
        z
          .strictObject({
            long: durationSeconds,
            short: durationSeconds,
            /** Share of the whole period's budget that must not be spent within `long`. */
            budgetShare: z.number().gt(0).max(1),
          })
          .refine(({ long, short }) => short > 0 && short < long, {
            error: "expected a window shorter than `long`",
            path: ["short"],
          }),
      )
      .min(1)
      .prefault(workbookPairs),
  })
  .superRefine(({ period, pairs }, context) => {
    pairs.forEach(({ long }, index) => {
      if (long <= period) return;
      const message = "expected a window no longer than the period";
      context.addIssue({ code: "custom", path: ["pairs", index, "long"], message, input: `${long}s` });
    });
  });
export type ErrorBudget = z.infer<typeof errorBudget>;

/** `slo.yaml`: service levels each candidate is judged by. */
export const sloPolicy = z
  .strictObject({
    /** `live`: what users meet, counted by `source`. `quick`: the latest load-probe report. */
    mode: z.enum(["live", "quick"]).default("live"),
    source: z
      .union([z.enum(["traefik", "envoy-gateway", "istio", "application"]), selectors])
      .default("traefik"),
    application: applicationMetrics.prefault({}),
    quick: z
      .strictObject({
        /** Files relative to the project; `{{version}}`, `{{release}}` and `{{channel}}` are replaced, `*` matches within a name. */
        reports: z.string().min(1),
        maxAge: durationSeconds.default(3600),
      })
      .optional(),
    /** Below this many candidate requests nothing is said about it. */
    minimumRequests: z.int().min(1).default(100),
    /** Without it, too few requests hold for ever; with it, after `holdFor` an approval may stand for them. */
    lowTraffic: z.strictObject({ holdFor: durationSeconds }).optional(),
    /**
     * Probability that a rollout of a candidate that keeps every objective is ever blocked by this gate: over all
     * objectives, services and weights together, however often one looks. For requests that fail independently.
     */
    falseAlarm: z.number().gt(0).lt(0.5).default(0.01),
    /** A newest sample older than this is no sample. */
    staleAfter: durationSeconds.default(60),
    /** Time after each confirmation that is not counted, beside one scrape interval. */
    warmUp: durationSeconds.default(0),
    window: window.optional(),
    services,
    /** By the weight the candidate has while it is judged. */
    stages: z.record(weight, stagePolicy).default({}),
    errorBudget: errorBudget.optional(),
  })
  .superRefine((policy, context) => {
    const problem = (path: (string | number)[], message: string, input: unknown) =>
      context.addIssue({ code: "custom", path, message, input });
    if (policy.mode === "quick" && policy.quick === undefined) {
      problem(["mode"], "expected `quick: {reports, maxAge}` beside it: where the reports are", policy.mode);
    }
    if (policy.errorBudget !== undefined && budgeted(policy).length === 0) {
      problem(
        ["errorBudget"],
        "expected a service with errorRate or availability: its target is the budget",
        {},
      );
    }
    for (const [stage, { services = {} }] of Object.entries(policy.stages)) {
      for (const name of Object.keys(services).filter((name) => policy.services[name] === undefined)) {
        problem(["stages", stage, "services", name], "expected a service that is in `services` too", name);
      }
    }
    if (typeof policy.source === "object" && policy.source.durationBuckets === undefined) {
      const timed = Object.entries(policy.services).find(([, { latency }]) => latency.length > 0);
      if (timed !== undefined && policy.mode === "live") {
        problem(
          ["services", timed[0], "latency"],
          "expected source.durationBuckets: what durations are read of",
          {},
        );
      }
    }
  });
export type SloPolicy = z.infer<typeof sloPolicy>;

/** Services whose error budget is known. */
export function budgeted({ services }: Pick<SloPolicy, "services">): string[] {
  return Object.keys(services).filter((name) => services[name]?.errorRate !== undefined);
}

/** The policy, checked against the channel that is judged by it. */
export function sloPolicyFor({ prometheus }: Pick<ChannelSection, "prometheus">) {
  return sloPolicy.superRefine((policy, context) => {
    if (prometheus === undefined) return;
    const { scrapeInterval } = prometheus;
    const tooShort = (path: string[], seconds: number, expected: string) =>
      context.addIssue({ code: "custom", path, message: `expected ${expected}`, input: `${seconds}s` });
    if (policy.staleAfter <= scrapeInterval) {
      const more = `more than channel.prometheus.scrapeInterval (${scrapeInterval}s), better twice as much: every sample would be too old`;
      tooShort(["staleAfter"], policy.staleAfter, more);
    }
    for (const { path, seconds } of windowsOf(policy)) {
      const twice = `at least twice channel.prometheus.scrapeInterval (${scrapeInterval}s): there would be no two samples in it`;
      if (seconds < 2 * scrapeInterval) tooShort(path, seconds, twice);
    }
  });
}

/** Every window that the policy names, and where. */
function windowsOf({ window, services, stages }: SloPolicy): { path: string[]; seconds: number }[] {
  const ofServices = (at: string[], list: SloPolicy["services"]) =>
    Object.entries(list).map(([name, objectives]) => ({
      path: [...at, "services", name, "window"],
      seconds: objectives.window,
    }));
  const ofStages = Object.entries(stages).flatMap(([weight, stage]) => [
    { path: ["stages", weight, "window"], seconds: stage.window },
    ...ofServices(["stages", weight], stage.services ?? {}),
  ]);
  return [{ path: ["window"], seconds: window }, ...ofServices([], services), ...ofStages].flatMap(
    ({ path, seconds }) => (seconds === undefined ? [] : [{ path, seconds }]),
  );
}
