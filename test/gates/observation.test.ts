import { observation } from "../../policies/gates/observation";
import { at, completed, next, rolledBack, rolling, steady } from "../rollout/releases";
import { aChannel, counted, policy, seen, transition } from "./transitions";

/** Looked at so many seconds after the weight was confirmed, with that many candidate requests. */
function seenAfter(seconds: number, requests: number | null) {
  return transition({
    channel: aChannel({ observation: { for: "1800s", requests: 500 } }),
    snapshot: { takenAt: at(seconds), services: requests === null ? null : { api: seen(counted(requests)) } },
  });
}

describe("observing a candidate", () => {
  test.each([
    ["neither time nor requests", seenAfter(1799, 499), "hold"],
    ["time", seenAfter(1800, 0), "pass"],
    ["time, though nothing is counted", seenAfter(1800, null), "pass"],
    ["requests", seenAfter(10, 500), "pass"],
    ["no figures", seenAfter(10, null), "hold"],
    ["a clock that goes backwards", seenAfter(-10, 0), "hold"],
  ] as const)("%s", (_, input, status) => {
    expect(observation(input)).toMatchObject({ gate: "observation", status });
  });

  test("requests are no evidence where none are asked for", () => {
    const snapshot = { takenAt: at(10), services: { api: seen(counted(500_000)) } };
    expect(observation(transition({ snapshot })).status).toBe("hold");
  });

  test("tells what was seen and what is wanted", () => {
    expect(observation(seenAfter(60, 120))).toMatchObject({
      reason: "1.1.0 has been observed for 60 s, 120 requests; wanted are 1800 s or 500 requests",
      observed: "60 s, 120 requests",
      expected: "1800 s or 500 requests",
    });
  });

  test("waits for the service with the fewest requests, and counts none that is unknown", () => {
    const channel = aChannel({ observation: { for: "1800s", requests: 500 } });
    const judge = (worker: ReturnType<typeof seen>) =>
      observation(
        transition({ channel, snapshot: { takenAt: at(10), services: { api: seen(counted(900)), worker } } }),
      ).status;
    expect(judge(seen(counted(500)))).toBe("pass");
    expect(judge(seen(counted(499)))).toBe("hold");
    expect(judge(seen(null))).toBe("hold");
    expect(judge(seen(counted(900), null, "away"))).toBe("hold");
  });

  test("no service is counted at all: requests say nothing", () => {
    const channel = aChannel({ observation: { for: "1800s", requests: 1 } });
    expect(observation(transition({ channel, snapshot: { takenAt: at(10), services: {} } })).status).toBe(
      "hold",
    );
  });

  test("of a completed release comes before the old one is retired", () => {
    const finalize = { kind: "finalize", to: steady(next), from: completed() } as const;
    expect(observation(transition({ ...finalize, snapshot: { takenAt: at(60) } })).status).toBe("hold");
    expect(observation(transition({ ...finalize, snapshot: { takenAt: at(1800) } })).status).toBe("pass");
  });

  test.each([
    [10, 60, "hold"],
    [10, 900, "pass"],
    [30, 900, "hold"],
    [30, 1800, "pass"],
  ] as const)("at %i %% for %i s, where 10 %% needs less", (weight, seconds, status) => {
    const channel = aChannel({ observation: { for: "1800s", stages: { 10: { for: "900s" } } } });
    const step = { from: rolling(weight), to: rolling(weight + 20), channel };
    expect(observation(transition({ ...step, snapshot: { takenAt: at(seconds) } })).status).toBe(status);
  });

  test("a weight may want another number of requests", () => {
    const channel = aChannel({
      observation: { for: "1800s", requests: 500, stages: { 10: { requests: 50 } } },
    });
    const judge = (requests: number) =>
      observation(
        transition({
          channel,
          snapshot: { takenAt: at(10), services: { api: seen(counted(requests)) } },
        }),
      ).status;
    expect([judge(49), judge(50)]).toEqual(["hold", "pass"]);
  });

  test("a hotfix by its own lane is observed for a shorter time; nothing else is", () => {
    const channel = aChannel({
      observation: { for: "1800s", stages: { 10: { for: "3600s" } } },
      hotfix: { observation: { for: "300s" }, roles: ["operations"] },
    });
    const patch = { ...next, version: "1.0.1" };
    const judge = (lane: "train" | "hotfix", candidate: typeof next) =>
      observation(
        transition({
          channel,
          lane,
          from: { ...rolling(10), candidate },
          to: { ...rolling(30), candidate },
          snapshot: { takenAt: at(300) },
        }),
      ).status;
    expect(judge("hotfix", patch)).toBe("pass");
    expect(judge("train", patch)).toBe("hold");
    expect(judge("hotfix", next)).toBe("hold");
  });

  test("a load probe's requests are not the users'", () => {
    const quick = policy(undefined, { mode: "quick", quick: { reports: "probe.json" } });
    expect(observation({ ...seenAfter(10, 5000), slo: quick }).status).toBe("hold");
    expect(observation({ ...seenAfter(1800, 0), slo: quick }).status).toBe("pass");
  });

  test("a count that is no number counts nothing", () => {
    expect(observation(seenAfter(10, Number.NaN)).status).toBe("hold");
    expect(observation(seenAfter(10, Number.POSITIVE_INFINITY)).status).toBe("hold");
  });

  test("an unreadable time is no time", () => {
    expect(observation(transition({ snapshot: { takenAt: "now" } })).status).toBe("hold");
  });

  test.each([
    ["an install", { kind: "install", to: steady(), from: null }],
    ["a start", { kind: "start", to: rolling(10), from: steady() }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct", to: rolling(5) }],
    ["the removal of a rejected candidate", { kind: "finalize", to: steady(), from: rolledBack() }],
  ] as const)("%s is not judged", (_, more) => {
    expect(observation(transition({ ...more, snapshot: { takenAt: at(0) } })).status).toBe("skipped");
  });
});
