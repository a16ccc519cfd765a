import * as fc from "fast-check";
import type { GateInput } from "../../policies/gates/input";
import { slo } from "../../policies/gates/slo";
import { completed, recordOf, rolledBack, rolling } from "../rollout/releases";
import { counted, policy, seen, transition } from "./transitions";

const looking = (
  candidate: Parameters<typeof seen>[0],
  baseline: Parameters<typeof seen>[1] = null,
  slos = policy(),
) => transition({ slo: slos, snapshot: { services: { api: seen(candidate, baseline) } } });

describe("what is not known", () => {
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

test("objectives that ask nothing, as no file could, pass nothing", () => {
  const slos = { ...policy(), services: { api: { latency: [] } } };
  expect(slo(looking(counted(1000, 900), null, slos))).toMatchObject({ status: "hold" });
});

test.each([
  ["a rollback", { kind: "rollback", to: rolledBack() }],
  ["a correction", { kind: "correct", to: rolling(5) }],
] as const)("%s is not judged", (_, more) => {
  const services = { api: seen(counted(1000, 900)) };
  expect(slo(transition({ ...more, snapshot: { services } })).status).toBe("skipped");
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
