import { z } from "zod";
import { emptyHistogram, type Histogram, percentile } from "./histogram";
import type { Outcome } from "./outcome";

const failure = z.object({
  /** Start of the request, ISO 8601. */
  at: z.string(),
  request: z.string(),
  status: z.number().nullable(),
  version: z.string().nullable(),
  reason: z.string(),
});

/** What the requests **started** within one span of time came to. */
export const slice = z.object({
  from: z.string(),
  to: z.string(),
  seconds: z.number(),
  requests: z.number(),
  failed: z.number(),
  /** Answers of the product by version; `errors` are its own (5xx other than 502, 503, 504). */
  byVersion: z.record(z.string(), z.object({ requests: z.number(), errors: z.number() })),
  byStatus: z.record(z.string(), z.number()),
  /** Milliseconds from the scheduled start to the end of the answer. */
  latency: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  /** The first failures in detail. */
  failures: z.array(failure),
});

export type Slice = z.infer<typeof slice>;
export type Failure = z.infer<typeof failure>;

const failuresKept = 20;

/** Counts of one slice while its requests are still being answered. */
export class Tally {
  readonly #from: number;
  readonly #byVersion: Slice["byVersion"] = {};
  readonly #byStatus: Slice["byStatus"] = {};
  readonly #failures: Failure[] = [];
  readonly #latency: Histogram = emptyHistogram();
  #to: number | undefined;
  #requests = 0;
  #failed = 0;
  #pending = 0;
  #settled: (() => void) | undefined;

  constructor(now: number) {
    this.#from = now;
  }

  started(): void {
    this.#requests++;
    this.#pending++;
  }

  /** Records how the request `description`, scheduled at `scheduled` (ms since the epoch), ended at `now`. */
  ended(outcome: Outcome, description: string, scheduled: number, now: number): void {
    this.#pending--;
    this.#latency.add(now - scheduled);
    const status = String(outcome.status ?? "none");
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    if (outcome.kind === "answered") {
      const counts = this.#byVersion[outcome.version] ?? { requests: 0, errors: 0 };
      counts.requests++;
      counts.errors += outcome.error ? 1 : 0;
      this.#byVersion[outcome.version] = counts;
    } else {
      this.#failed++;
      if (this.#failures.length < failuresKept) {
        const { status, version, reason } = outcome;
        this.#failures.push({
          at: new Date(scheduled).toISOString(),
          request: description,
          status,
          version,
          reason,
        });
      }
    }
    if (this.#pending === 0) {
      this.#settled?.();
    }
  }

  /** Ends the slice at `now` and resolves when all requests started in it have an outcome. */
  close(now: number): Promise<void> {
    this.#to = now;
    return new Promise((resolve) => {
      this.#settled = resolve;
      if (this.#pending === 0) {
        resolve();
      }
    });
  }

  slice(now: number): Slice {
    const to = this.#to ?? now;
    return {
      from: new Date(this.#from).toISOString(),
      to: new Date(to).toISOString(),
      seconds: (to - this.#from) / 1000,
      requests: this.#requests,
      failed: this.#failed,
      byVersion: structuredClone(this.#byVersion),
      byStatus: { ...this.#byStatus },
      latency: {
        p50: percentile(this.#latency, 0.5),
        p95: percentile(this.#latency, 0.95),
        p99: percentile(this.#latency, 0.99),
        max: Math.ceil(this.#latency.max),
      },
      failures: [...this.#failures],
    };
  }
}
