import { notConfigured } from "../../policies/gates/input/source";
import { promotion } from "../../policies/gates/promotion";
import { aRelease, at, completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { aChannel, transition } from "./transitions";

const from = { promotion: { from: "canary", greenFor: "3600s" } };

test.each([
  ["a rollback", { kind: "rollback", from: rolling(10), to: rolledBack() }],
  ["a correction", { kind: "correct", from: rolling(10), to: rolling(5) }],
] as const)("%s needs nothing of the channel before this one", (_, more) => {
  const snapshot = { promotion: { status: "unavailable", problem: "away" } } as const;
  expect(promotion(transition({ ...more, channel: aChannel(from), snapshot })).status).toBe("skipped");
});

describe("the hotfix lane", () => {
  const fix = aRelease("1.0.1");
  const channel = aChannel({ ...from, hotfix: { observation: { for: "1m" }, roles: ["on-call"] } });
  const steps = (release: typeof fix) =>
    [
      { kind: "start", from: steady(), to: rolling(10, release) },
      { kind: "advance", from: rolling(10, release), to: rolling(30, release) },
      { kind: "finalize", from: completed(release), to: steady(release) },
    ] as const;

  test("is judged at every step, because it shortens what every step waits for", () => {
    const judged = (release: typeof fix) =>
      steps(release).map((step) => promotion(transition({ ...step, channel, lane: "hotfix" })).status);
    expect(judged(fix)).toEqual(["pass", "pass", "pass"]);
    expect(judged(next)).toEqual(["fail", "fail", "fail"]);
  });

  test("is closed to what was rolled back before, and was not completed since, by the very file", () => {
    const rejected = { version: fix.version, hash: fix.hash, attempt: 1, at: at(0), reason: null };
    const judged = (rejections: (typeof rejected)[], good: (typeof fix)[]) => {
      const list = good.map(({ version, hash }) => ({ version, hash, at: at(0) }));
      const record = recordOf(completed(), { rejected: rejections, completed: list });
      const snapshot = { promotion: { status: "known", record, health: notConfigured } } as const;
      const [start] = steps(fix);
      return promotion(transition({ ...start, channel, lane: "hotfix", snapshot })).status;
    };
    expect(judged([rejected], [])).toBe("fail");
    expect(judged([rejected], [fix])).toBe("pass");
    expect(judged([{ ...rejected, hash: next.hash }], [])).toBe("pass");
  });
});
