import * as fc from "fast-check";
import { routeRanks, serviceRanks } from "../../rollout/order";
import { decide, type Plan } from "../../rollout/plan";
import type { Release } from "../../rollout/release";
import {
  aRelease,
  at,
  liveAt,
  recordOf,
  rolling,
  sized,
  steady,
  twoFrontsAndWorker,
  withoutData,
} from "./releases";

const { api, web, worker } = twoFrontsAndWorker;

function planOf(candidate: Release): Plan {
  const decision = decide({
    proposal: { kind: "start", to: rolling(10, candidate), why: "" },
    verdicts: [],
    record: recordOf(steady()),
    interrupted: false,
    live: liveAt(steady()),
    attempt: 1,
    strictHold: false,
    capacity: sized({ api: 2, web: 2, worker: 2 }),
    data: withoutData,
    id: "t2",
    now: at(60),
  });
  if (decision.outcome !== "go") throw new Error("there is no plan");
  return decision.plan;
}

describe("the order among services", () => {
  test.each([
    [{ api, web, worker }, [["api", "web", "worker"]]],
    [{ api: { ...api, after: ["web"] }, web, worker }, [["web", "worker"], ["api"]]],
    [
      { api: { ...api, after: ["worker"] }, web: { ...web, after: ["api"] }, worker },
      [["worker"], ["api"], ["web"]],
    ],
  ])("by rank (%#)", (services, expected) => {
    expect(serviceRanks(aRelease("1.1.0", {}, services))).toEqual(expected);
  });

  test.each([
    [{ api, web, worker }, [["api", "web"]]],
    [{ api: { ...api, after: ["web"] }, web, worker }, [["web"], ["api"]]],
    // What has no route holds up no route of its own, and still counts between others.
    [{ api, worker: { ...worker, after: ["api"] }, web: { ...web, after: ["worker"] } }, [["api"], ["web"]]],
    // The baseline alone has a route of `api`.
    [{ web: { ...web, after: ["worker"] }, worker }, [["api"], ["web"]]],
    [{ worker }, [["api"]]],
  ])("of the routes (%#)", (services, expected) => {
    expect(routeRanks(planOf(aRelease("1.1.0", {}, services)))).toEqual(expected);
  });

  test("every service is there once, behind all that it comes after", () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const orders = fc.tuple(...names.map((_, index) => fc.subarray(names.slice(0, index)))) as fc.Arbitrary<
      string[][]
    >;
    fc.assert(
      fc.property(orders, fc.shuffledSubarray(names, { minLength: 6 }), (afters, shuffled) => {
        const services = Object.fromEntries(
          shuffled.map((name) => {
            const after = afters[names.indexOf(name)] ?? [];
            return [name, { ...api, ...(after.length === 0 ? {} : { after }) }];
          }),
        );
        const ranks = serviceRanks(aRelease("1.1.0", {}, services));
        expect(ranks.flat().sort()).toEqual(names);
        const rankOf = (name: string) => ranks.findIndex((rank) => rank.includes(name));
        for (const [name, after] of names.map((one, index) => [one, afters[index] ?? []] as const)) {
          for (const other of after) expect(rankOf(other)).toBeLessThan(rankOf(name));
        }
      }),
    );
  });
});
