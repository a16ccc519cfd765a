import type { ChannelStatus } from "../../../local/demo/status";
import { type MeasuredTransition, summarize, summarizeTransition } from "../../../local/demo/summary";
import type { Slice } from "../../../local/load/slice";

const slice = (byVersion: Record<string, number>, failed = 0): Slice => ({
  from: "",
  to: "",
  seconds: 1,
  requests: Object.values(byVersion).reduce((sum, count) => sum + count, failed),
  failed,
  byVersion: Object.fromEntries(
    Object.entries(byVersion).map(([version, requests]) => [version, { requests, errors: 0 }]),
  ),
  byStatus: {},
  latency: { p50: 0, p95: 0, p99: 0, max: 0 },
  failures: [],
});

const status = (
  kind: string,
  state: ChannelStatus["state"],
  baseline: string,
  candidate: string | null,
  weight: number,
): ChannelStatus => ({
  state,
  baseline,
  candidate,
  weight,
  transition: { id: kind, kind, at: "2026-01-01T00:00:00.000Z" },
});

const rolling = status("start", "rolling", "1.0.0", "1.1.0", 10);
const completed = status("advance", "completed", "1.0.0", "1.1.0", 100);
const steady = status("finalize", "steady", "1.1.0", null, 0);
const rolledBack = status("rollback", "rolled-back", "1.1.0", "1.2.0", 0);

const measured = (transition: Partial<MeasuredTransition>) =>
  summarizeTransition({
    channel: "canary",
    before: null,
    after: steady,
    seconds: 2.345,
    during: [],
    since: [],
    ...transition,
  });

describe("a transition in the demo's summary", () => {
  test("books the requests during and since; the share is observed since only", () => {
    const row = measured({
      before: status("install", "steady", "1.0.0", null, 0),
      after: rolling,
      during: [slice({ "1.0.0": 200, "1.1.0": 3 }, 1)],
      since: [slice({ "1.0.0": 450, "1.1.0": 51 }), slice({ "1.0.0": 449, "1.1.0": 50 }, 2)],
    });
    expect(row).toEqual({
      channel: "canary",
      kind: "start",
      from: "1.0.0",
      to: "1.1.0",
      seconds: 2.3,
      weightAsked: 10,
      weightObserved: 10.1,
      requests: 1206,
      failed: 3,
    });
  });

  test("an installation comes from nothing, and all traffic is asked for", () => {
    const row = measured({
      after: status("install", "steady", "1.0.0", null, 0),
      since: [slice({ "1.0.0": 500 })],
    });
    expect(row).toMatchObject({ from: null, to: "1.0.0", weightAsked: 100, weightObserved: 100 });
  });

  test("finalize after completion keeps the new release at all traffic", () => {
    const row = measured({ before: completed, after: steady, since: [slice({ "1.1.0": 500 })] });
    expect(row).toMatchObject({ from: "1.0.0", to: "1.1.0", weightAsked: 100, weightObserved: 100 });
  });

  test("a rollback and the finalize after it want the rejected release to have nothing", () => {
    const before = status("start", "rolling", "1.1.0", "1.2.0", 10);
    const since = [slice({ "1.1.0": 400 })];
    const expected = { from: "1.2.0", to: "1.1.0", weightAsked: 0, weightObserved: 0 };
    expect(measured({ before, after: rolledBack, since })).toMatchObject(expected);
    expect(measured({ before: rolledBack, after: steady, since })).toMatchObject(expected);
  });

  test("without an answer there is no share", () => {
    expect(measured({ since: [] }).weightObserved).toBeNull();
    expect(measured({ since: [slice({}, 5)] })).toMatchObject({ weightObserved: null, failed: 5 });
  });
});

test("the summary adds up its transitions", () => {
  const row = measured({ since: [slice({ "1.1.0": 100 }, 1)] });
  expect(summarize([row, row], 12.34)).toEqual({
    transitions: [row, row],
    requests: 202,
    failed: 2,
    seconds: 12.3,
  });
});
