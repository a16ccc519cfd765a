import * as fc from "fast-check";
import type { GateInput } from "../../policies/gates/input";
import { slo } from "../../policies/gates/slo";
import { completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
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
      reason: expect.stringMatching(/against baseline 0\.10 % \(20 of 20000\).*margin of 0\.50 %/),
    });
    expect(slo(looking(counted(2000, 200), counted(20_000, 2000), lax)).status).toBe("pass");
    expect(slo(looking(counted(2000, 200), null, lax)).status).toBe("pass");
    expect(slo(looking(counted(2000, 200), counted(0), lax)).status).toBe("pass");
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
    [
      "the candidate has no figures",
      { api: seen(null, counted(1000)) },
      /too few requests.*0 of at least 100/,
    ],
    ["too few requests", { api: seen(counted(99)) }, /too few requests.*99 of at least 100/],
    ["too few requests, all of them errors", { api: seen(counted(99, 99)) }, /too few requests/],
  ])("%s: held", (_, services, reason) => {
    expect(slo(transition({ snapshot: { services } }))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    ["requests", counted(Number.NaN, 0)],
    ["errors", counted(1000, Number.NaN)],
  ])("%s that are not a number never open it", (_, candidate) => {
    expect(slo(looking(candidate)).status).not.toBe("pass");
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
    slo(looking(counted(requests, errors, { "0.3": fast }), counted(5000, 50), both));

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
