import * as fc from "fast-check";
import { nextStage, sharedReplicas, weightedReplicas } from "../../rollout/stages";

const share = fc.record({
  replicas: fc.integer({ min: 1, max: 50 }),
  weight: fc.integer({ min: 0, max: 100 }),
});

describe("the next stage", () => {
  test.each([
    [0, 10],
    [9, 10],
    [10, 30],
    [17, 30],
    [30, 100],
    [100, null],
  ])("above %i is %s", (weight, expected) => {
    expect(nextStage([10, 30, 100], weight)).toBe(expected);
  });

  test("is the lowest one above: none is skipped", () => {
    const stages = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }))
      .map((list) => [...list.sort((a, b) => a - b), 100]);
    fc.assert(
      fc.property(stages, fc.integer({ min: 0, max: 99 }), (list, weight) => {
        const next = nextStage(list, weight);
        expect(next).toBeGreaterThan(weight);
        expect(list.filter((stage) => stage > weight && next !== null && stage < next)).toEqual([]);
      }),
    );
  });
});

describe("replicas of a service moved by weights", () => {
  test("are enough for the share, and at least one", () => {
    fc.assert(
      fc.property(share, ({ replicas, weight }) => {
        const candidate = weightedReplicas("candidate", { replicas, weight, alone: false }, "full");
        expect(candidate).toBeGreaterThanOrEqual(Math.max(1, (replicas * weight) / 100));
        expect(candidate).toBeLessThanOrEqual(replicas);
      }),
    );
  });

  test("of the baseline stay whole until it is retired, and so do those of a release alone", () => {
    fc.assert(
      fc.property(share, ({ replicas, weight }) => {
        expect(weightedReplicas("baseline", { replicas, weight, alone: false }, "full")).toBe(replicas);
        for (const capacity of ["full", "lean"] as const) {
          expect(weightedReplicas("baseline", { replicas, weight, alone: true }, capacity)).toBe(replicas);
        }
      }),
    );
  });
});

describe("replicas of a lean baseline", () => {
  test.each([
    [10, 10, 9],
    [10, 30, 7],
    [3, 10, 3],
    [3, 50, 2],
    [10, 100, 1],
    [10, 0, 10],
  ])("of %i, with the candidate at %i %%: %i", (replicas, weight, expected) => {
    expect(weightedReplicas("baseline", { replicas, weight, alone: false }, "lean")).toBe(expected);
  });
});

describe("replicas of a service without weights", () => {
  test("are the share itself: both sides have some while both have a share, together no less than the full size", () => {
    fc.assert(
      fc.property(share, ({ replicas, weight }) => {
        const [baseline, candidate] = (["baseline", "candidate"] as const).map((side) =>
          sharedReplicas(side, { replicas, weight, alone: false }),
        ) as [number, number];
        expect(baseline + candidate).toBeGreaterThanOrEqual(replicas);
        expect(baseline > 0).toBe(weight < 100);
        expect(candidate > 0).toBe(weight > 0);
      }),
    );
  });

  test("grow with the share", () => {
    fc.assert(
      fc.property(share, ({ replicas, weight }) => {
        fc.pre(weight < 100);
        const at = (share: number) => sharedReplicas("candidate", { replicas, weight: share, alone: false });
        expect(at(weight + 1)).toBeGreaterThanOrEqual(at(weight));
      }),
    );
  });

  test.each([
    [2, 10, 1, 1],
    [10, 10, 9, 1],
    [10, 30, 7, 3],
    [1, 50, 1, 1],
    [10, 0, 10, 0],
    [10, 100, 0, 10],
  ])("%i at %i %%: baseline %i, candidate %i", (replicas, weight, baseline, candidate) => {
    expect(sharedReplicas("baseline", { replicas, weight, alone: false })).toBe(baseline);
    expect(sharedReplicas("candidate", { replicas, weight, alone: false })).toBe(candidate);
  });
});
