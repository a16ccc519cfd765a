import * as fc from "fast-check";
import { judgedWindow, told } from "../../observe/judged-window";
import { at } from "../rollout/releases";

describe("the window of one service at one weight", () => {
  test("is all since its beginning", () => {
    expect(judgedWindow(1000, 5000, undefined, 15)).toEqual({ from: 1000, to: 5000, earlier: null });
  });

  test.each([
    ["until it is full", 1599, { from: 1000, earlier: 0 }],
    ["when it is just full", 1600, { from: 1000, earlier: 0 }],
    ["until the next scrape", 1614, { from: 1000, earlier: 0 }],
    ["with that scrape", 1615, { from: 1015, earlier: 1 }],
    ["an hour later", 5200, { from: 4600, earlier: 240 }],
  ])("is its last 10 min where it slides: %s", (_, now, expected) => {
    expect(judgedWindow(1000, now, 600, 15)).toEqual({ ...expected, to: now });
  });

  test("is empty before it begins", () => {
    const empty = { from: 1000, to: 1000 };
    expect(judgedWindow(1000, 900, undefined, 15)).toEqual({ ...empty, earlier: null });
    expect(judgedWindow(1000, 900, 600, 15)).toEqual({ ...empty, earlier: 0 });
  });

  test("is kept with its times as everybody writes them", () => {
    const begin = Date.parse(at(0)) / 1000;
    expect(told({ from: begin, to: begin + 60, earlier: 3 })).toEqual({
      from: at(0),
      to: at(60),
      earlier: 3,
    });
  });
});

test("whatever is asked for, it holds the last of it, a scrape more at most, and begins on the grid", () => {
  const seconds = (max: number) => fc.integer({ min: 1, max });
  fc.assert(
    fc.property(seconds(10_000), seconds(1000), fc.nat(60), (age, length, scrapeInterval) => {
      const begin = 1_000_000;
      const step = Math.max(1, scrapeInterval);
      const { from, to, earlier } = judgedWindow(begin, begin + age, length, scrapeInterval);
      expect(to - from).toBeGreaterThanOrEqual(Math.min(age, length));
      expect(to - from).toBeLessThan(length + step);
      expect(from).toBe(begin + step * earlier!);
    }),
  );
});
