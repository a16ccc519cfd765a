import type { SloPolicy } from "../../../config/schemas/slo";
import { observeBudget } from "../../../observe/budget";
import { observeServices } from "../../../observe/slo";
import { slo } from "../../../policies/gates/slo";
import type { ChannelRecord } from "../../../rollout/record";
import type { Release } from "../../../rollout/release";
import { aChannel, policy, transition } from "../../gates/transitions";
import { sourcesWith } from "../../observe/sources";
import { aRelease, recordOf, rolling } from "../../rollout/releases";
import { eventually } from "../sample/eventually";
import { TestPrometheus } from "./prometheus";
import { Target } from "./target";

const target = new Target();
let prometheus: TestPrometheus;

beforeAll(async () => {
  await target.up();
  prometheus = await TestPrometheus.start(target.address);
  await scraped();
}, 30_000);

afterAll(async () => {
  await prometheus?.stop();
  await target.down();
});

const objectives = {
  api: { errorRate: { target: 0.01 }, latency: [{ withinSeconds: 0.3, share: 0.95 }] },
};
const byApplication = policy(objectives, { source: "application", staleAfter: "4s" });

/** One rollout with releases of its own, which nobody else has counted with. */
class Rollout {
  static #count = 0;
  readonly baseline: Release;
  readonly candidate: Release;
  #record: ChannelRecord | undefined;

  constructor() {
    const patch = Rollout.#count++;
    this.baseline = aRelease(`1.0.${patch}`);
    this.candidate = aRelease(`1.1.${patch}`);
  }

  /** The weight is confirmed now, after all that was counted before was scraped. */
  async confirmed(): Promise<void> {
    await scraped();
    // One scrape interval of the channel (1 s) after this the window begins: now.
    const since = new Date(Date.now() - 1000).toISOString();
    this.#record = { ...recordOf(rolling(10, this.candidate, this.baseline)), since };
  }

  async observed(policies: SloPolicy = byApplication) {
    const services = await observeServices(this.#transition(), this.#sources(policies));
    return services?.api;
  }

  async judged(policies: SloPolicy = byApplication) {
    const step = this.#transition();
    const services = await observeServices(step, this.#sources(policies));
    return slo(transition({ ...step, slo: policies, snapshot: { services } }));
  }

  async burns(policies: SloPolicy) {
    const start = { ...this.#transition(), kind: "start" } as const;
    return observeBudget(start, this.#sources(policies));
  }

  #transition() {
    if (this.#record === undefined) throw new Error("nothing was confirmed");
    return { kind: "advance", to: rolling(30, this.candidate, this.baseline), record: this.#record } as const;
  }

  #sources(policies: SloPolicy) {
    const channel = aChannel({ prometheus: { url: prometheus.url, scrapeInterval: "1s" } });
    return sourcesWith({ slo: policies, channel, now: new Date() });
  }
}

/** What the target says now was seen by Prometheus. */
async function scraped(): Promise<void> {
  await eventually(async () => {
    expect(await prometheus.value("target_generation")).toBe(target.generation);
  });
}

describe("figures of a real Prometheus", () => {
  test("are the whole counts of both releases over the window, and nothing before it", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 5000, bad: 7, slow: 100 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900, slow: 9 });
    target.answer(rollout.candidate, { good: 120, slow: 2 }, "one");
    target.answer(rollout.candidate, { good: 80, bad: 1 }, "two");
    await scraped();

    expect(await rollout.observed()).toEqual({
      window: { from: expect.any(String), to: expect.any(String), earlier: null },
      candidate: { requests: 201, errors: 1, within: { "0.1": 199, "0.3": 199, "1.2": 201, Infinity: 201 } },
      baseline: { requests: 900, errors: 0, within: { "0.1": 891, "0.3": 891, "1.2": 900, Infinity: 900 } },
      problem: null,
    });
    expect(await rollout.judged()).toMatchObject({ status: "pass" });
  });

  test("of a bad release block, and of its successor open again", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 1 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 150, bad: 50 });
    await scraped();
    expect(await rollout.judged()).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^api: 25\.0 % errors \(50 of 200\)/),
    });

    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 200 });
    await scraped();
    expect(await rollout.judged()).toMatchObject({ status: "pass" });
  });

  test("of a window that slides are those of its time only: what went before is forgotten, and nothing passes for it", async () => {
    const lately = policy(objectives, { source: "application", staleAfter: "4s", window: "6s" });
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 10 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 150, bad: 50 });
    await scraped();
    expect(await rollout.judged(lately)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^api \(last 6 s\): 25\.0 % errors \(50 of 200\)/),
    });
    await eventually(async () => {
      expect(await rollout.judged(lately)).toMatchObject({
        status: "hold",
        reason: expect.stringMatching(/^api \(last 6 s\): too few requests to judge by: 0 of at least 100/),
      });
    });

    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 200 });
    await scraped();
    expect(await rollout.judged(lately)).toMatchObject({ status: "pass" });
    expect(await rollout.observed(lately)).toMatchObject({
      window: { earlier: expect.any(Number) },
      candidate: { requests: 200, errors: 0 },
    });
    expect(await rollout.judged()).toMatchObject({ status: "fail" });
  }, 40_000);

  test("survive a pod that starts again at 0, and one that comes and goes", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 10 });
    target.answer(rollout.candidate, { good: 40 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 10 });
    target.answer(rollout.candidate, { good: 60, bad: 2 });
    await scraped();
    target.restart(rollout.candidate);
    target.answer(rollout.candidate, { good: 30, bad: 1 });
    target.answer(rollout.candidate, { good: 25 }, "two");
    await scraped();
    target.restart(rollout.candidate, "two");
    await scraped();

    expect(await rollout.observed()).toMatchObject({
      candidate: { requests: 62 + 31 + 25, errors: 3 },
      problem: null,
    });
  });

  test("of a candidate that nobody asked are none: held for too few requests", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 10 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    await scraped();
    expect(await rollout.judged()).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/too few requests.*0 of at least 100/),
    });
  });

  test("of a product that is not scraped at all are none: held for no samples", async () => {
    const rollout = new Rollout();
    await rollout.confirmed();
    expect(await rollout.judged()).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/no figures: the metrics source has no samples/),
    });
  });

  test("that begin after the window say nothing of it", async () => {
    const rollout = new Rollout();
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 200 });
    await scraped();
    expect(await rollout.judged()).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/do not reach back to/),
    });
  });

  test("hold while the target is down, and open when it is back with counters from 0", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 10 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 150 });
    await scraped();
    await target.down();
    await eventually(async () => {
      expect(await rollout.judged()).toMatchObject({
        status: "hold",
        reason: expect.stringMatching(/newest sample is \d+ s old/),
      });
    });

    target.restart(rollout.baseline);
    target.restart(rollout.candidate);
    target.answer(rollout.baseline, { good: 400 });
    target.answer(rollout.candidate, { good: 50 });
    await target.up();
    await scraped();
    expect(await rollout.judged()).toMatchObject({ status: "pass" });
    expect(await rollout.observed()).toMatchObject({
      candidate: { requests: 200 },
      baseline: { requests: 1300 },
    });
  }, 40_000);
});

describe("selectors and queries of one's own, at a real Prometheus", () => {
  const rollout = new Rollout();
  const requests = 'http_requests_total{release="{{release}}"}';
  const errors = 'http_requests_total{release="{{release}}",status=~"5.."}';
  const own = (source: object) =>
    policy({ api: { errorRate: { target: 0.01 } } }, { source, staleAfter: "4s" });

  beforeAll(async () => {
    target.answer(rollout.baseline, { good: 10 });
    target.answer(rollout.candidate, { good: 1 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 900 });
    target.answer(rollout.candidate, { good: 200 });
    await scraped();
  }, 30_000);

  test("that match no failures of a known metric count none", async () => {
    expect(await rollout.judged(own({ requests, errors }))).toMatchObject({ status: "pass" });
  });

  test.each([
    [
      "a metric that does not exist",
      { requests, errors: "http_errors_total" },
      /http_errors_total.*is not known/,
    ],
    [
      "a label that does not exist",
      { requests, errors: 'http_requests_total{release="{{release}}",code=~"5.."}' },
      /asks for code, which http_requests_total does not have \(it has .*status/,
    ],
    [
      "a selector that cannot be read",
      { requests, errors: 'http_requests_total{status=~"5.."' },
      /answers: .*parse error/,
    ],
    [
      "a regular expression that cannot be read",
      { requests, errors: 'http_requests_total{status=~"("}' },
      /answers: /,
    ],
    [
      "a query that answers nothing",
      { requests, errors: { query: "sum(http_errors_total)" } },
      /sum\(http_errors_total\) answers nothing/,
    ],
    [
      "parts of requests",
      { requests: { query: "vector(200.5)" }, errors: { query: "vector(0)" } },
      /not whole numbers/,
    ],
    [
      "more samples than Prometheus loads",
      { requests: { query: "sum(max_over_time(http_requests_total[1m:5ms]))" }, errors },
      /answers: .*too many samples/,
    ],
    ["no number", { requests, errors: { query: "vector(0) / 0" } }, /not numbers/],
  ])("that ask for %s hold", async (_, source, reason) => {
    expect(await rollout.judged(own(source))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(reason),
    });
  });

  test("a query counts whole requests over the window", async () => {
    const increase = (selector: string) =>
      `sum(max_over_time(${selector}[{{window}}]) - min_over_time(${selector}[{{window}}])) or vector(0)`;
    const source = { requests: { query: increase(requests) }, errors: { query: increase(errors) } };
    expect(await rollout.observed(own(source))).toMatchObject({
      candidate: { requests: 200, errors: 0 },
      baseline: { requests: 900, errors: 0 },
    });
  });
});

describe("the error budget, at a real Prometheus", () => {
  const budgeted = policy(
    { api: { errorRate: { target: 0.01 } } },
    {
      source: "application",
      errorBudget: { period: "1h", pairs: [{ long: "60s", short: "30s", budgetShare: 0.5 }] },
    },
  );

  test("burns by the errors of the live release", async () => {
    const rollout = new Rollout();
    target.answer(rollout.baseline, { good: 1, bad: 1 });
    await rollout.confirmed();
    target.answer(rollout.baseline, { good: 800, bad: 200 });
    await scraped();
    await eventually(async () => {
      const budget = await rollout.burns(budgeted);
      if (budget.status !== "known") throw new Error(JSON.stringify(budget));
      const [burn] = budget.burns;
      expect(burn).toMatchObject({ service: "api", longWindowSeconds: 60, shortWindowSeconds: 30 });
      expect(burn?.longBurn).toBeCloseTo(20, 1);
      expect(burn?.shortBurn).toBeCloseTo(20, 1);
    });
  });

  test("of a release without samples is not known", async () => {
    const rollout = new Rollout();
    await rollout.confirmed();
    expect(await rollout.burns(budgeted)).toMatchObject({
      status: "unavailable",
      problem: expect.stringMatching(/no samples of api/),
    });
  });
});

describe("a Prometheus that goes", () => {
  const rollout = new Rollout();

  test("quiet is given up, and holds", async () => {
    target.answer(rollout.baseline, { good: 10 });
    await rollout.confirmed();
    prometheus.pause();
    try {
      expect(await rollout.judged()).toMatchObject({
        status: "hold",
        reason: expect.stringMatching(/no figures: Prometheus at .* cannot be read: .*timeout/),
      });
    } finally {
      prometheus.resume();
    }
  }, 30_000);

  test("away holds", async () => {
    await prometheus.stop();
    expect(await rollout.judged()).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(
        /no figures: Prometheus at .* cannot be read: .*(ECONNREFUSED|ECONNRESET|closed)/,
      ),
    });
  });
});
