import { slo } from "../../policies/gates/slo";
import { alphaOfComparison, alphaOfWindow, stagePolicy } from "../../policies/gates/stage-policy";
import { proportionBounds } from "../../policies/gates/statistics";
import { completed, next, rolling, steady } from "../rollout/releases";
import { counted, policy, seen, transition } from "./transitions";

const errors = { errorRate: { target: 0.01 } };
const latency = { latency: [{ withinSeconds: 0.3, share: 0.95 }] };

describe("what counts at one weight", () => {
  const staged = policy(
    { api: errors, worker: errors },
    { warmUp: "10s", stages: { 30: { minimumRequests: 1000, warmUp: "1m", services: { api: latency } } } },
  );

  test("is the policy, with what the stage says otherwise", () => {
    expect(stagePolicy(staged, 10)).toEqual({
      minimumRequests: 100,
      warmUp: 10,
      services: staged.services,
    });
    expect(stagePolicy(staged, 30)).toMatchObject({
      minimumRequests: 1000,
      warmUp: 60,
      services: { api: { latency: [{ withinSeconds: 0.3 }] }, worker: { errorRate: { target: 0.01 } } },
    });
    expect(stagePolicy(staged, 30).services.api?.errorRate).toBeUndefined();
  });
});

describe("which part of the time at one weight counts", () => {
  const windows = (weight: number, more: object) =>
    Object.values(
      stagePolicy(policy({ api: errors, worker: { ...errors, window: "5m" } }, more), weight).services,
    ).map(({ window }) => window);

  test("is all of it, unless something is said", () => {
    expect(windows(10, {})).toEqual([undefined, 300]);
  });

  test("is what the service says, then the stage, then the policy", () => {
    const more = {
      window: "10m",
      stages: {
        30: { window: "20m" },
        100: { services: { worker: errors, api: { ...errors, window: "1h" } } },
      },
    };
    expect(windows(10, more)).toEqual([600, 300]);
    expect(windows(30, more)).toEqual([1200, 300]);
    expect(windows(100, more)).toEqual([3600, 600]);
  });
});

describe("the probability of a false alarm", () => {
  test("is shared by every comparison of a rollout", () => {
    const { api, worker } = policy({ api: { ...errors, ...latency }, worker: errors }).services;
    expect(alphaOfComparison(0.01, [api!], 3)).toBeCloseTo(0.01 / 12, 12);
    expect(alphaOfComparison(0.01, [api!, worker!], 3)).toBeCloseTo(0.01 / 18, 12);
    expect(alphaOfComparison(0.01, [], 3)).toBe(0.01);
  });

  test("holds for a whole rollout that is looked at after every request", () => {
    const falseAlarm = 0.2;
    const slos = policy(
      {
        api: {
          errorRate: { target: 0.1, marginOverBaseline: 0 },
          latency: [{ withinSeconds: 0.3, share: 0.8, marginOverBaseline: 0 }],
        },
      },
      { falseAlarm, minimumRequests: 1 },
    );
    const random = generator(5);
    const [runs, requests] = [60, 60];
    const release = () => ({ requests: 0, errors: 0, within: { "0.3": 0 } });
    const steps = [
      { from: rolling(10), to: rolling(30) },
      { from: rolling(30), to: completed() },
      { kind: "finalize", from: completed(), to: steady(next) },
    ] as const;
    const blocked = (step: (typeof steps)[number]) => {
      const [candidate, baseline] = [release(), release()];
      for (let request = 0; request < requests; request++) {
        for (const counts of [candidate, baseline]) {
          counts.requests++;
          if (random() < 0.1) counts.errors++;
          if (random() < 0.8) counts.within["0.3"]++;
        }
        const services = { api: seen(candidate, baseline) };
        if (slo(transition({ ...step, slo: slos, snapshot: { services } })).status === "fail") return true;
      }
      return false;
    };
    const wrong = Array.from({ length: runs }, () => steps.some(blocked)).filter(Boolean).length;
    expect(wrong / runs).toBeLessThanOrEqual(falseAlarm);
  });

  test("is shared by all windows at one weight, however many there are", () => {
    expect(alphaOfWindow(0.01, null)).toBe(0.01);
    const shares = Array.from({ length: 100_000 }, (_, earlier) => alphaOfWindow(0.01, earlier));
    const spent = shares.reduce((sum, share) => sum + share, 0);
    expect(spent).toBeLessThanOrEqual(0.01);
    expect(spent).toBeCloseTo(0.01, 6);
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });

  test("holds for a window that slides along with every look, and would not if it were not shared", () => {
    const falseAlarm = 0.2;
    const [runs, looks, length, failing] = [40, 1000, 20, 0.1];
    const random = generator(7);
    const share = (alphaAt: (earlier: number) => number) => {
      const isAlarmed = () => {
        const failures = Array.from({ length: looks }, () => (random() < failing ? 1 : 0));
        return failures.some((_, last) => {
          const first = Math.max(0, last + 1 - length);
          const failed = failures.slice(first, last + 1).filter((one) => one === 1).length;
          const requests = last + 1 - first;
          // Certain is only what is far beyond it.
          if (failed <= 2 * failing * requests) return false;
          return proportionBounds(failed, requests, alphaAt(first)).lower > failing;
        });
      };
      return Array.from({ length: runs }, isAlarmed).filter(Boolean).length / runs;
    };
    expect(share((earlier) => alphaOfWindow(falseAlarm, earlier))).toBeLessThanOrEqual(falseAlarm);
    expect(share(() => falseAlarm)).toBeGreaterThan(falseAlarm);
  });

  test("leaves a bad release certain after few requests", () => {
    const services = { api: seen(counted(100, 20), counted(900, 1)) };
    expect(slo(transition({ snapshot: { services } })).status).toBe("fail");
  });
});

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
