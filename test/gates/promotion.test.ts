import type { PromotionSource } from "../../policies/gates/input";
import { promotion } from "../../policies/gates/promotion";
import type { ChannelRecord } from "../../rollout/record";
import {
  apiAndWorker,
  aRelease,
  at,
  completed,
  next,
  recordOf,
  rolledBack,
  rolling,
  steady,
} from "../rollout/releases";
import { aChannel, transition } from "./transitions";

const channel = aChannel({ promotion: { from: "canary", greenFor: "3600s" } });
const entry = (release = next, seconds = 0) => ({
  version: release.version,
  hash: release.hash,
  at: at(seconds),
});

/** Stable, which is to start 1.1.0, asks what canary remembers; an hour after it completed there. */
const stable = (source: PromotionSource, more: Parameters<typeof transition>[0] = {}) =>
  promotion(
    transition({
      kind: "start",
      from: steady(),
      to: rolling(10),
      channel,
      ...more,
      snapshot: { takenAt: at(3600), promotion: source, ...more.snapshot },
    }),
  );
const canary = (more: Partial<ChannelRecord>, position = completed()): PromotionSource => ({
  status: "known",
  record: recordOf(position, { completed: [], ...more }),
});

describe("a version enters a channel from the one before it", () => {
  test("completed there, and green for long enough", () => {
    expect(stable(canary({ completed: [entry()] }))).toMatchObject({ gate: "promotion", status: "pass" });
  });

  test("completed there, but not green for long enough: held, with the times", () => {
    expect(stable(canary({ completed: [entry(next, 1)] }))).toMatchObject({
      status: "hold",
      reason: "1.1.0 has been green in canary for 3599 s; wanted are 3600 s",
    });
    expect(stable(canary({ completed: [entry(next, 9999)] })).status).toBe("hold");
  });

  test.each([
    ["canary has no record", { status: "known", record: null }, /no record of any release/],
    ["it is still rolling there", canary({}, rolling(30)), /has not completed 1\.1\.0/],
    [
      "another version was completed there",
      canary({ completed: [entry(aRelease("1.0.0"))] }),
      /has not completed 1\.1\.0/,
    ],
    [
      "another file of that version was completed there",
      canary({ completed: [entry(aRelease("1.1.0", {}, { api: apiAndWorker.api }))] }),
      /another release file of 1\.1\.0/,
    ],
    [
      "it was rolled back there",
      canary({ rejected: [{ ...entry(), attempt: 2, reason: null }] }, rolledBack()),
      /canary rolled 1\.1\.0 back on/,
    ],
  ] as [string, PromotionSource, RegExp][])("%s: refused", (_, source, reason) => {
    expect(stable(source)).toMatchObject({ status: "fail", reason: expect.stringMatching(reason) });
  });

  test("rolled back there first, and completed with a later attempt: open", () => {
    const source = canary({
      completed: [entry()],
      rejected: [{ ...entry(next, -99), attempt: 1, reason: null }],
    });
    expect(stable(source).status).toBe("pass");
  });

  test.each([
    [{ status: "unavailable", problem: "the backend is away" }, /cannot be read: the backend is away/],
    [{ status: "not-configured" }, /nothing was collected/],
  ] as [PromotionSource, RegExp][])("canary's record cannot be had: held", (source, reason) => {
    expect(stable(source)).toMatchObject({ status: "hold", reason: expect.stringMatching(reason) });
  });

  test("is asked again at every stage, and for the first install", () => {
    const back = canary({ rejected: [{ ...entry(), attempt: 1, reason: null }] });
    expect(stable(back, { kind: "advance", from: rolling(10), to: rolling(30) }).status).toBe("fail");
    expect(stable(back, { kind: "install", from: null, to: steady(next) }).status).toBe("fail");
  });

  test.each([
    ["a rollback", { kind: "rollback", from: rolling(10), to: rolledBack() }],
    ["a correction", { kind: "correct", from: rolling(10), to: rolling(5) }],
    ["the removal of a release", { kind: "finalize", from: completed(), to: steady(next) }],
  ] as const)("%s needs nothing of it", (_, more) => {
    expect(stable({ status: "unavailable", problem: "away" }, more).status).toBe("skipped");
  });

  test("a channel that takes versions directly asks nobody", () => {
    const direct = aChannel();
    expect(stable({ status: "not-configured" }, { channel: direct }).status).toBe("skipped");
  });
});

describe("the hotfix lane", () => {
  const fix = aRelease("1.0.1");
  const withLane = aChannel({
    promotion: { from: "canary", greenFor: "3600s" },
    hotfix: { observation: { for: "1m" }, roles: ["on-call"] },
  });
  const hotfix = (more: Parameters<typeof transition>[0] = {}, source = canary({})) =>
    stable(source, { to: rolling(10, fix), channel: withLane, lane: "hotfix", ...more });

  test("takes a later patch of the line that is live, without the channel before this one", () => {
    expect(hotfix()).toEqual({
      gate: "promotion",
      status: "pass",
      reason: "1.0.1 is a hotfix of 1.0.0, which is live",
      observed: "1.0.0 → 1.0.1",
      expected: "a later patch of 1.0",
    });
    expect(hotfix({}, { status: "unavailable", problem: "no answer" }).status).toBe("pass");
    expect(hotfix({ to: rolling(10, aRelease("1.0.9")) }).status).toBe("pass");
  });

  test.each([
    ["a minor change", "1.1.0"],
    ["a major change", "2.0.0"],
    ["a patch of another line", "1.1.1"],
    ["a pre-release of a patch", "1.0.1-rc.1"],
    ["the same version", "1.0.0"],
    ["an older one", "0.9.9"],
  ])("refuses %s, and names the way in", (_, version) => {
    expect(hotfix({ to: rolling(10, aRelease(version, { api: { A: "b" } })) })).toMatchObject({
      status: "fail",
      reason: `${version} is no later patch of 1.0.0, which is live. To come in by the train: pulumi config set lane train`,
    });
  });

  test("at every step, because it shortens what every step waits for", () => {
    for (const more of [
      { kind: "advance", from: rolling(10), to: rolling(30) },
      { kind: "finalize", from: completed(), to: steady(next) },
    ] as const) {
      expect(hotfix(more).status).toBe("fail");
    }
    expect(hotfix({ kind: "advance", from: rolling(10, fix), to: rolling(30, fix) }).status).toBe("pass");
    expect(hotfix({ kind: "finalize", from: completed(fix), to: steady(fix) }).status).toBe("pass");
  });

  test("is no way into an empty channel", () => {
    expect(hotfix({ kind: "install", from: null, to: steady(fix) })).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("nothing is live that could be fixed"),
    });
  });

  test("is closed where the channel has none, also where versions come in directly", () => {
    for (const without of [channel, aChannel()]) {
      expect(hotfix({ channel: without })).toMatchObject({
        status: "fail",
        reason: expect.stringContaining("no hotfix lane (key channel.hotfix)"),
      });
    }
  });

  test("is closed to what the channel before this one has rolled back", () => {
    const rejected = [{ ...entry(fix), attempt: 1, reason: null }];
    expect(hotfix({}, canary({ rejected }))).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(`canary rolled 1.0.1 back on ${at(0)}`),
    });
    expect(hotfix({}, canary({ rejected, completed: [entry(fix)] })).status).toBe("pass");
    const other = [{ ...rejected[0]!, hash: next.hash }];
    expect(hotfix({}, canary({ rejected: other })).status).toBe("pass");
  });

  test("does not stand in the way of clearing a hotfix away that was rolled back", () => {
    const clearing = { kind: "finalize", from: rolledBack(fix), to: steady() } as const;
    expect(hotfix({ ...clearing, channel }).status).toBe("skipped");
  });

  test("is named to who could take it, and by the train it is refused", () => {
    const train = hotfix({ lane: "train" });
    expect(train).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("pulumi config set lane hotfix"),
    });
    expect(stable(canary({}), { channel: withLane }).reason).not.toContain("hotfix");
  });
});
