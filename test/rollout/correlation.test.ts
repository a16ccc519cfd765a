import { correlationsOf } from "../../rollout/correlation";
import { completed, next, old, recordOf, rolledBack, rolling, steady, third } from "./releases";

describe("what all of one rollout is found by", () => {
  test("is the transition that brings a release in", () => {
    expect(correlationsOf(null, steady(), "t1")).toEqual({ [old.id]: "t1" });
    const live = recordOf(steady(), { correlations: { [old.id]: "t1" } });
    expect(correlationsOf(live, rolling(10), "t2")).toEqual({ [old.id]: "t1", [next.id]: "t2" });
  });

  test.each([
    ["an advance", rolling(30)],
    ["its completion", completed()],
    ["a rollback", rolledBack()],
  ])("stays the same through %s", (_, to) => {
    const correlations = { [old.id]: "t1", [next.id]: "t2" };
    const record = recordOf(rolling(10), { correlations });
    expect(correlationsOf(record, to, "t3")).toEqual(correlations);
    expect(correlationsOf(record, to, null)).toEqual(correlations);
  });

  test("goes with its release, and a later attempt has its own", () => {
    const record = recordOf(rolledBack(), { correlations: { [old.id]: "t1", [next.id]: "t2" } });
    const cleared = correlationsOf(record, steady(), "t3");
    expect(cleared).toEqual({ [old.id]: "t1" });
    expect(correlationsOf(recordOf(steady(), { correlations: cleared }), rolling(10), "t4")).toEqual({
      [old.id]: "t1",
      [next.id]: "t4",
    });
  });

  test("is nothing for a release that was live before ids were kept, and nothing is made up", () => {
    expect(correlationsOf(recordOf(rolling(10)), rolling(30), "t2")).toEqual({});
    expect(correlationsOf(recordOf(steady()), rolling(10, third), "t2")).toEqual({ [third.id]: "t2" });
  });
});
