import * as fc from "fast-check";
import type { GateInput } from "../../policies/gates/input";
import { slo } from "../../policies/gates/slo";
import { at, completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { counted, policy, seen, transition } from "./transitions";

const looking = (
  candidate: Parameters<typeof seen>[0],
  baseline: Parameters<typeof seen>[1] = null,
  slos = policy(),
) => transition({ slo: slos, snapshot: { services: { api: seen(candidate, baseline) } } });
const latency = policy({ api: { latency: [{ withinSeconds: 0.3, share: 0.95 }] } });
const within = (requests: number, fast: number) => counted(requests, 0, { "0.3": fast });

describe("errors of the candidate", () => {
  test.each([
    ["none", counted(1000, 0), "pass"],
    ["within target", counted(1000, 10), "pass"],
    ["a little above target, which may be chance", counted(1000, 15), "hold"],
    ["certainly above target", counted(1000, 60), "fail"],
    ["all of few requests", counted(100, 100), "fail"],
  ] as const)("%s", (_, candidate, status) => {
    expect(slo(looking(candidate))).toMatchObject({ gate: "slo", status });
  });

  test("are told with the figures", () => {
    expect(slo(looking(counted(1000, 60)))).toMatchObject({
      reason: expect.stringMatching(/^api: 6\.00 % errors \(60 of 1000\).*at most 1\.00 %/),
      observed: "6.00 % errors (60 of 1000)",
      expected: "at most 1.00 %",
    });
  });

  test("within target, but clearly worse than the baseline's: blocked", () => {
    const lax = policy({ api: { errorRate: { target: 0.2, marginOverBaseline: 0.005 } } });
    expect(slo(looking(counted(2000, 200), counted(20_000, 20), lax))).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/against baseline 0\.10 % errors \(20 of 20000\).*margin of 0\.50 %/),
    });
    expect(slo(looking(counted(2000, 200), counted(20_000, 2000), lax)).status).toBe("pass");
    expect(slo(looking(counted(2000, 200), null, lax)).status).toBe("pass");
  });

  test("a little worse than the baseline's, which may be chance", () => {
    const lax = policy({ api: { errorRate: { target: 0.2, marginOverBaseline: 0.005 } } });
    expect(slo(looking(counted(1000, 12), counted(9000, 18), lax))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/against baseline 0\.20 %.*may still be chance/),
    });
  });

  test("a baseline that shares the traffic and was not seen compares with nothing", () => {
    expect(slo(looking(counted(2000), counted(0)))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/baseline has no requests/),
    });
    const finalize = { kind: "finalize", to: steady(next), from: completed() } as const;
    const services = { api: seen(counted(2000), counted(0)) };
    expect(slo(transition({ ...finalize, snapshot: { services } })).status).toBe("pass");
  });

  test("of several services: the worst one counts", () => {
    const both = policy({ api: { errorRate: { target: 0.01 } }, worker: { errorRate: { target: 0.01 } } });
    const judge = (api: number, worker: number) =>
      slo(
        transition({
          slo: both,
          snapshot: { services: { api: seen(counted(1000, api)), worker: seen(counted(1000, worker)) } },
        }),
      );
    expect(judge(0, 0).status).toBe("pass");
    expect(judge(0, 15)).toMatchObject({ status: "hold", reason: expect.stringMatching(/^worker/) });
    expect(judge(15, 60)).toMatchObject({ status: "fail", reason: expect.stringMatching(/^worker/) });
  });
});

describe("latency of the candidate", () => {
  test.each([
    ["within", within(1000, 990), "pass"],
    ["just below, which may be chance", within(1000, 940), "hold"],
    ["certainly below", within(1000, 800), "fail"],
  ] as const)("%s", (_, candidate, status) => {
    expect(slo(looking(candidate, null, latency)).status).toBe(status);
  });

  test.each([
    ["as good as the baseline's", 950, "pass"],
    ["a little worse, which may be chance", 930, "hold"],
    ["clearly worse", 800, "fail"],
  ] as const)("%s, where the target is lax", (_, fast, status) => {
    const lax = policy({ api: { latency: [{ withinSeconds: 0.3, share: 0.5, marginOverBaseline: 0.05 }] } });
    expect(slo(looking(within(1000, fast), within(9000, 8910), lax)).status).toBe(status);
  });

  test("p95 and p99 are objectives of their own: the missed one is told", () => {
    const both = policy({
      api: {
        latency: [
          { withinSeconds: 0.3, share: 0.95 },
          { withinSeconds: 1.2, share: 0.99 },
        ],
      },
    });
    const slow = counted(1000, 0, { "0.3": 970, "1.2": 900 });
    expect(slo(looking(slow, null, both))).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/90\.0 % within 1\.2 s \(900 of 1000\).*at least 99\.0 %/),
    });
  });

  test("counts of all that the histogram has seen, and is not known where that is too little", () => {
    const timed = (all: number, fast: number) => counted(1000, 0, { "0.3": fast, Infinity: all });
    expect(slo(looking(timed(500, 500), null, latency)).status).toBe("pass");
    expect(slo(looking(timed(500, 250), null, latency)).status).toBe("fail");
    expect(slo(looking(timed(99, 99), null, latency))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/too few requests were timed: 99 of 1000/),
    });
  });

  test("of a baseline without the bucket is no comparison", () => {
    expect(slo(looking(within(1000, 990), counted(9000), latency))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/baseline has no requests timed by a bucket of 0\.3 s/),
    });
  });

  test("without the histogram's bucket nothing is known; the ones there are named", () => {
    expect(slo(looking(counted(1000, 0, { "0.1": 900, "1.2": 1000 }), null, latency))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/no bucket of 0\.3 s \(it has 0\.1, 1\.2\)/),
    });
    expect(slo(looking(counted(1000), null, latency)).reason).toContain("none");
  });
});

describe("what is not known", () => {
  test.each([
    [
      "the source says nothing that can be relied on",
      { api: seen(null, null, "Prometheus is away") },
      /no figures: Prometheus is away/,
    ],
    ["the service was not collected", {}, /nothing was collected/],
    ["the candidate has no figures", { api: seen(null, counted(1000)) }, /no figures of the candidate/],
    ["too few requests", { api: seen(counted(99)) }, /too few requests.*99 of at least 100/],
    ["too few requests, all of them errors", { api: seen(counted(99, 99)) }, /too few requests/],
  ])("%s: held", (_, services, reason) => {
    expect(slo(transition({ snapshot: { services } }))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    ["requests that are not a number", counted(Number.NaN, 0)],
    ["endless requests", counted(Number.POSITIVE_INFINITY, 0)],
    ["errors that are not a number", counted(1000, Number.NaN)],
    ["a bucket that is not a number", counted(1000, 0, { "0.3": Number.NaN })],
    ["a part of a request", counted(1000.5, 0)],
    ["less than no errors", counted(1000, -1)],
    ["more errors than requests", counted(1000, 1001)],
    ["more requests in a bucket than there were", counted(1000, 0, { "0.3": 1001 })],
  ])("%s are no figures, of neither release", (_, counts) => {
    const held = { status: "hold", reason: expect.stringMatching(/^api: no figures: /) };
    expect(slo(looking(counts))).toMatchObject(held);
    expect(slo(looking(counted(1000), counts))).toMatchObject(held);
  });
});

describe("what is not judged", () => {
  test.each([
    ["an install", { kind: "install", to: steady(), from: null }],
    ["a start", { kind: "start", to: rolling(10), from: steady() }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct", to: rolling(5) }],
    ["the removal of a rejected candidate", { kind: "finalize", to: steady(), from: rolledBack() }],
  ] as const)("%s", (_, more) => {
    const services = { api: seen(counted(1000, 900)) };
    expect(slo(transition({ ...more, snapshot: { services } }))).toMatchObject({ status: "skipped" });
  });

  test("a channel without a metrics source, or without objectives for this release", () => {
    expect(slo(transition({ snapshot: { services: null } }))).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("channel.prometheus"),
    });
    expect(slo(transition({ slo: policy({}) })).status).toBe("skipped");
    expect(slo(transition({ slo: policy({ cart: { errorRate: { target: 0.01 } } }) })).status).toBe(
      "skipped",
    );
  });

  test("but retiring the old release is: the new one is there for good then", () => {
    const finalize = { kind: "finalize", to: steady(next), from: completed() } as const;
    const judged = (errors: number) =>
      slo(transition({ ...finalize, snapshot: { services: { api: seen(counted(1000, errors)) } } })).status;
    expect([judged(0), judged(60)]).toEqual(["pass", "fail"]);
  });

  test("a candidate without traffic, taken to 0 % by hand, can be started again when a person says so", () => {
    const input = transition({
      from: rolling(0),
      to: rolling(10),
      snapshot: { services: { api: seen(counted(0), counted(1000)) } },
    });
    expect(slo(input).status).not.toBe("hold");
  });
});

describe("what may differ from weight to weight", () => {
  const staged = policy(
    { api: { errorRate: { target: 0.01 } } },
    {
      stages: {
        10: { minimumRequests: 2000 },
        100: { services: { api: { errorRate: { target: 0.2, marginOverBaseline: 0.2 } } } },
      },
    },
  );
  const having = (weight: 10 | 30, requests: number) =>
    slo(
      transition({
        slo: staged,
        from: rolling(weight),
        to: rolling(weight + 20),
        snapshot: { services: { api: seen(counted(requests), counted(9000)) } },
      }),
    ).status;

  test("how many requests are enough, by the weight the candidate has", () => {
    expect([having(10, 1999), having(10, 2000), having(30, 100)]).toEqual(["hold", "pass", "pass"]);
  });

  test("and the objectives of a service", () => {
    const finalize = { kind: "finalize", to: steady(next), from: completed() } as const;
    const services = { api: seen(counted(1000, 60)) };
    expect(slo(transition({ ...finalize, slo: staged, snapshot: { services } })).status).toBe("pass");
    expect(slo(transition({ ...finalize, snapshot: { services } })).status).toBe("fail");
  });
});

describe("low traffic", () => {
  const waiting = policy({ api: { errorRate: { target: 0.01 } } }, { lowTraffic: { holdFor: "2h" } });
  const approval = {
    file: "approvals/low.json",
    by: "ann",
    roles: ["operations"],
    channel: "canary",
    version: next.version,
    hash: next.hash,
    scope: "low-traffic",
    signedAt: at(7000),
    expiresAt: at(20_000),
  };
  const judgeAfter = (seconds: number, candidate = counted(12), approvals = [approval]) =>
    slo(
      transition({
        slo: waiting,
        snapshot: {
          takenAt: at(seconds),
          services: { api: seen(candidate, counted(100)) },
          governance: { status: "known", approvals, overrides: [], rejected: [] },
        },
      }),
    );

  test("holds for a while, and says until when", () => {
    expect(judgeAfter(7199)).toMatchObject({
      status: "hold",
      reason: expect.stringContaining(`12 of at least 100; after ${at(7200)} they can be approved`),
    });
  });

  test("then asks for an approval, and says how it is given", () => {
    expect(judgeAfter(7200, counted(12), [])).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/12 of at least 100; to go on with them: .*--scope low-traffic/),
    });
    expect(judgeAfter(7200, counted(12), [{ ...approval, scope: "30" }]).status).toBe("hold");
    expect(judgeAfter(7200, counted(12), [{ ...approval, hash: "other" }]).status).toBe("hold");
  });

  test("goes on with an approval, which is told", () => {
    expect(judgeAfter(7200)).toMatchObject({
      status: "pass",
      reason: expect.stringMatching(/12 requests of at least 100, approved by ann/),
      approvals: [{ by: "ann", scope: "low-traffic" }],
    });
    expect(judgeAfter(7200, counted(0)).status).toBe("pass");
  });

  test("an approval stands for requests that are missing, never for failed ones or missing figures", () => {
    expect(judgeAfter(7200, counted(12, 1)).status).toBe("hold");
    expect(judgeAfter(7200, counted(50, 50)).status).toBe("fail");
    expect(judgeAfter(7200, counted(Number.NaN)).status).toBe("hold");
    const services = { api: seen(null, null, "away") };
    expect(slo(transition({ slo: waiting, snapshot: { takenAt: at(7200), services } })).status).toBe("hold");
  });
});

const observation = fc.record({
  requests: fc.integer({ min: 0, max: 5000 }),
  errorShare: fc.double({ min: 0, max: 1, noNaN: true }),
  fastShare: fc.double({ min: 0, max: 1, noNaN: true }),
});
const order = { pass: 2, skipped: 2, hold: 1, fail: 0 };

describe("whatever the figures are", () => {
  const both = policy({
    api: { errorRate: { target: 0.05 }, latency: [{ withinSeconds: 0.3, share: 0.9 }] },
  });
  const judge = (requests: number, errors: number, fast: number) =>
    slo(looking(counted(requests, errors, { "0.3": fast }), counted(5000, 50, { "0.3": 4900 }), both));

  test("a failure in the place of a success never opens the gate", () => {
    fc.assert(
      fc.property(observation, ({ requests, errorShare, fastShare }) => {
        const [errors, fast] = [Math.floor(requests * errorShare), Math.floor(requests * fastShare)];
        const before = order[judge(requests, errors, fast).status];
        if (errors < requests)
          expect(order[judge(requests, errors + 1, fast).status]).toBeLessThanOrEqual(before);
        if (fast > 0) expect(order[judge(requests, errors, fast - 1).status]).toBeLessThanOrEqual(before);
      }),
    );
  });

  test("more failures of the candidate never make it better, however many", () => {
    const more = fc.record({ observation, errors: fc.nat(500), slow: fc.nat(500) });
    fc.assert(
      fc.property(more, ({ observation: { requests, errorShare, fastShare }, errors, slow }) => {
        const [failed, fast] = [Math.floor(requests * errorShare), Math.floor(requests * fastShare)];
        const before = order[judge(requests, failed, fast).status];
        const worse = judge(requests, Math.min(requests, failed + errors), Math.max(0, fast - slow));
        expect(order[worse.status]).toBeLessThanOrEqual(before);
      }),
    );
  });

  test("the counts decide, and not in which order or how often one looked", () => {
    const looks = fc.array(observation, { minLength: 1, maxLength: 8 });
    const judgeLook = ({ requests, errorShare }: { requests: number; errorShare: number }) =>
      slo(looking(counted(requests, Math.floor(requests * errorShare)), counted(5000, 50)));
    fc.assert(
      fc.property(looks, (list) => {
        const forwards = list.map(judgeLook);
        const backwards = [...list].reverse().map(judgeLook).reverse();
        expect(backwards).toEqual(forwards);
      }),
    );
  });

  test("it passes only on enough figures that are within target", () => {
    fc.assert(
      fc.property(observation, ({ requests, errorShare, fastShare }) => {
        const [errors, fast] = [Math.floor(requests * errorShare), Math.floor(requests * fastShare)];
        if (judge(requests, errors, fast).status !== "pass") return;
        expect(requests).toBeGreaterThanOrEqual(both.minimumRequests);
        expect(errors / requests).toBeLessThanOrEqual(0.05);
        expect(fast / requests).toBeGreaterThanOrEqual(0.9);
      }),
    );
  });

  test("without figures it never passes", () => {
    const missing = fc.constantFrom(
      undefined,
      seen(null),
      seen(null, counted(1000)),
      seen(counted(1000), null, "away"),
    );
    const kinds = fc.constantFrom("advance" as const, "finalize" as const);
    fc.assert(
      fc.property(missing, kinds, (api, kind) => {
        const services: NonNullable<GateInput["snapshot"]["services"]> = api === undefined ? {} : { api };
        const record = kind === "advance" ? recordOf(rolling(10)) : recordOf(completed());
        expect(slo(transition({ kind, record, snapshot: { services } })).status).toBe("hold");
      }),
    );
  });
});
