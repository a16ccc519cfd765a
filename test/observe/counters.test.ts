import * as fc from "fast-check";
import { increase, requireCoverage } from "../../observe/counters";
import { NoFigures, type Series } from "../../observe/prometheus";

const series = (...samples: [number, number][]): Series => ({ labels: {}, samples });

describe("the increase of a counter over a window", () => {
  test.each([
    ["counts from the last sample before the window", [series([90, 5], [100, 7], [110, 10], [120, 12])], 5],
    ["a sample between scrapes of the start is not needed", [series([99, 7], [110, 10])], 3],
    ["a series born in the window counts from 0", [series([105, 4], [110, 9])], 9],
    ["a restart begins at 0 again", [series([100, 50], [110, 53], [120, 2], [130, 6])], 9],
    ["several restarts", [series([100, 5], [110, 1], [120, 1], [130, 0], [140, 3])], 4],
    ["series are added up", [series([100, 1], [110, 2]), series([100, 10], [110, 20])], 11],
    ["nothing happened", [series([100, 7], [110, 7])], 0],
    ["only samples before the window", [series([80, 1], [90, 7])], 0],
    ["no series", [], 0],
    ["a series without samples", [series()], 0],
  ] as const)("%s", (_, list, expected) => {
    expect(increase(list, 100)).toBe(expected);
  });

  test("is never negative, and what was counted between restarts is counted once", () => {
    const lives = fc.array(fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(lives, (increments) => {
        let time = 100;
        const samples: [number, number][] = [[100, 0]];
        for (const life of increments) {
          let value = 0;
          for (const step of life) {
            value += step;
            samples.push([++time, value]);
          }
        }
        const counted = increase([series(...samples)], 100);
        const happened = increments.flat().reduce((sum, step) => sum + step, 0);
        expect(counted).toBeGreaterThanOrEqual(0);
        expect(counted).toBeLessThanOrEqual(happened);
        if (increments.length === 1) expect(counted).toBe(happened);
      }),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is no figure", (value) => {
    expect(() => increase([series([100, 1], [110, value])], 100)).toThrow(NoFigures);
  });

  test("nor is it one at the window's start", () => {
    expect(() => increase([series([100, Number.NaN], [110, 5])], 100)).toThrow(NoFigures);
  });
});

describe("samples that can be relied on", () => {
  const check = (list: Series[]) => () => requireCoverage(list, 100, 200, 60);

  test("reach from the window's start to now", () => {
    expect(check([series([100, 1], [199, 2])])).not.toThrow();
    expect(check([series([95, 1], [140, 2])])).not.toThrow();
  });

  test("may be born in the window, if the source was there before", () => {
    expect(check([series([95, 1], [199, 2]), series([150, 1], [199, 2])])).not.toThrow();
  });

  test.each([
    ["there are none", [], /no samples/],
    ["a series is empty", [series()], /no samples/],
    ["they begin too late", [series([101, 1], [199, 2])], /do not reach back to 1970-01-01T00:01:40/],
    ["they ended long ago", [series([95, 1], [139, 2])], /newest sample is 61 s old/],
  ] as const)("%s", (_, list, message) => {
    expect(check([...list])).toThrow(NoFigures);
    expect(check([...list])).toThrow(message);
  });
});
