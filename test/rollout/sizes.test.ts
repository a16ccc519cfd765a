import { type CapacitySettings, plannedReleases } from "../../rollout/capacity";
import type { LiveTraffic } from "../../rollout/live";
import type { ChannelRecord, Position, TransitionKind } from "../../rollout/record";
import { objectName } from "../../rollout/release";
import { sizesAfter } from "../../rollout/sizes";
import { completed, liveAt, next, old, recordOf, rolledBack, rolling, sized, steady } from "./releases";

const bounds = { minReplicas: 2, maxReplicas: 20, cpuUtilization: 70 };
const settings = (mode: CapacitySettings["mode"] = "full"): CapacitySettings => ({
  mode,
  services: { api: bounds, worker: { replicas: 3 } },
});
const running = (position: Position, replicas: number, scaledBy?: string): LiveTraffic => ({
  ...liveAt(position),
  workloads: {
    [objectName("api", old)]: { replicas, ...(scaledBy === undefined ? {} : { scaledBy }) },
    [objectName("worker", old)]: { replicas: 3 },
  },
});
type Kind = Exclude<TransitionKind, "resume"> | null;
const remembering = (position: Position, size?: number): ChannelRecord =>
  recordOf(position, size === undefined ? {} : { sizes: { api: size } });

describe("the size of an autoscaled service", () => {
  test.each<[string, Kind, Position, ChannelRecord, number, CapacitySettings["mode"], object]>([
    [
      "at the start, what the baseline runs",
      "start",
      rolling(10),
      remembering(steady()),
      7,
      "full",
      { api: 7 },
    ],
    ["no more than the bounds", "start", rolling(10), remembering(steady()), 90, "full", { api: 20 }],
    ["no less than the bounds", "start", rolling(10), remembering(steady()), 0, "full", { api: 2 }],
    ["looked up again", "advance", rolling(30), remembering(rolling(10), 7), 9, "full", { api: 9 }],
    [
      "a lean baseline at its floor",
      "advance",
      rolling(30),
      remembering(rolling(10), 3),
      3,
      "lean",
      { api: 3 },
    ],
    [
      "a lean baseline above it",
      "advance",
      completed(),
      remembering(rolling(30), 10),
      14,
      "lean",
      { api: 20 },
    ],
    ["kept by a rollback", "rollback", rolledBack(), remembering(rolling(30), 7), 12, "full", { api: 7 }],
    ["kept by a correction", "correct", rolling(10), remembering(rolling(30), 7), 12, "full", { api: 7 }],
    ["kept between steps", null, rolling(10), remembering(rolling(10), 7), 12, "full", { api: 7 }],
    [
      "seen by a rollback that remembers none",
      "rollback",
      rolledBack(),
      remembering(rolling(30)),
      12,
      "full",
      { api: 12 },
    ],
    [
      "of no concern to a release alone",
      "finalize",
      steady(next),
      remembering(completed(), 7),
      12,
      "full",
      {},
    ],
    [
      "another candidate's is forgotten",
      "start",
      rolling(10),
      remembering(steady(), 19),
      4,
      "full",
      { api: 4 },
    ],
  ])("%s", (_, kind, to, record, runs, mode, expected) => {
    const from = { ...record };
    expect(sizesAfter(kind, to, from, running(from, runs), settings(mode))).toEqual(expected);
  });

  test("of a service that somebody scales by an autoscaler of their own is what it runs", () => {
    const live = running(steady(), 6, "mine");
    const fixed = sized({ api: 2, worker: 3 });
    expect(sizesAfter("start", rolling(10), recordOf(steady()), live, fixed)).toEqual({ api: 6 });
  });
});

describe("what autoscalers are told", () => {
  const planned = (
    to: Position,
    from: Position,
    size: number,
    mode: CapacitySettings["mode"] = "full",
    by?: string,
  ) =>
    plannedReleases(to, from, {
      settings: settings(mode),
      sizes: { api: size },
      live: running(from, size, by),
    }).map(({ services }) => services.find(({ service }) => service === "api"));
  const keeps = (minReplicas: number) => ({
    service: "api",
    replicas: minReplicas,
    autoscaling: { ...bounds, minReplicas },
  });

  test.each([
    [rolling(10), steady(), "full", [10, 1]],
    [rolling(30), rolling(10), "full", [10, 3]],
    [completed(), rolling(30), "full", [10, 10]],
    [rolledBack(), rolling(30), "full", [10, 1]],
    [rolling(30), rolling(10), "lean", [7, 3]],
    [completed(), rolling(30), "lean", [1, 10]],
    [rolledBack(), completed(), "lean", [10, 1]],
  ] as const)("of a service of 10: %# keeps what the shares need", (to, from, mode, floors) => {
    expect(planned(to, from, 10, mode)).toMatchObject(floors.map(keeps));
  });

  test("a release alone has the bounds that are configured", () => {
    expect(planned(steady(next), completed(), 10)).toEqual([{ ...keeps(2) }]);
  });

  test("nothing, where somebody has an autoscaler of their own", () => {
    expect(planned(rolling(10), steady(), 10, "full", "mine")).toMatchObject([
      { service: "api", replicas: 10, scaledBy: "mine" },
      keeps(1),
    ]);
  });

  test.each([
    [10, true],
    [5, true],
    [4, undefined],
  ])("and of 10 pods %i that are ready can serve: %s", (ready, canServe) => {
    const [baseline] = plannedReleases(rolledBack(), rolling(30), {
      settings: settings("full"),
      sizes: { api: 10 },
      live: { ...running(rolling(30), 10), workloads: { [objectName("api", old)]: { replicas: 10, ready } } },
    });
    expect(baseline?.services.find(({ service }) => service === "api")?.canServe).toBe(canServe);
  });
});
