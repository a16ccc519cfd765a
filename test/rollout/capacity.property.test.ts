import * as fc from "fast-check";
import { replicasFor } from "../../config/schemas/capacity";
import { nextStage } from "../../rollout/stages";
import { aChannel } from "../gates/transitions";
import { Channel, ends, stages } from "./channel";
import { sized } from "./releases";

const runs = Number(process.env.PROPERTY_RUNS ?? 250);

const step = fc.record({
  version: fc.option(fc.constantFrom("1.0.0", "1.1.0", "1.2.0"), { nil: undefined, freq: 3 }),
  wait: fc.option(fc.constant(600), { nil: undefined, freq: 4 }),
  gates: fc.constantFrom("pass" as const, "pass" as const, "hold" as const),
  end: fc.oneof({ weight: 3, arbitrary: fc.constant("complete" as const) }, fc.constantFrom(...ends)),
});

const size = 4;
const replicas = { api: size, web: size, worker: size };

/** Pods that the widest step takes beyond the size of a service. */
function beyond(of: number, mode: "full" | "lean", weights: readonly number[]): number {
  const baseline = (weight: number) => (mode === "full" ? of : replicasFor(of, 100 - weight));
  const steps = [0, ...weights.slice(0, -1)].map(
    (weight) => replicasFor(of, nextStage(weights, weight) ?? 100) + baseline(weight) - of,
  );
  return Math.max(...steps);
}

/** Pods of a service that are missing for the shares that its route has now. */
function shortfalls({ routes, pods }: Channel): string[] {
  return Object.entries(routes).flatMap(([service, shares]) =>
    Object.entries(shares)
      .filter(([, share]) => share > 0)
      .map(([release, share]) => ({ release, has: pods[release]?.[service] ?? 0, share }))
      .filter(({ has, share }) => has < replicasFor(size, share))
      .map(({ release, has, share }) => `${service} of ${release} has ${has} pods at ${share} %`),
  );
}

describe.each(["full", "lean"] as const)("%s capacity, wherever updates are killed", (mode) => {
  const surge = beyond(size, mode, stages);

  test("every release has the pods that its share needs, and a raise takes no more than it may", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 3, maxLength: 30, size: "max" }), (steps) => {
        const channel = new Channel();
        channel.capacity = { ...sized(replicas), mode };
        channel.bounded = aChannel({
          capacity: mode,
          surge,
          stages,
          services: sized(replicas).services as never,
        });
        for (const { version, wait, gates, end } of steps) {
          if (version !== undefined) channel.version = version;
          if (wait !== undefined) channel.wait(wait);
          const { decision } = channel.update(gates, end);
          expect(shortfalls(channel)).toEqual([]);
          const plan = decision.outcome === "blocked" ? null : decision.plan;
          if (plan?.transition?.kind !== "start" && plan?.transition?.kind !== "advance") continue;
          for (const pods of Object.values(channel.most)) {
            expect(pods).toBeLessThanOrEqual(size + surge);
          }
        }
      }),
      { numRuns: runs, seed: 20260102 },
    );
  });

  test("a bound that configuration lets through is kept by every raise, and is the lowest such", () => {
    const lists = fc
      .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 })
      .map((list) => [...list.sort((a, b) => a - b), 100]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), lists, (pods, weights) => {
        const peak = beyond(pods, mode, weights);
        const accepts = (surge: number) => {
          const services = { api: { replicas: pods } };
          try {
            return aChannel({ stages: weights, services, capacity: mode, surge }).surge === surge;
          } catch {
            return false;
          }
        };
        expect(accepts(peak)).toBe(true);
        if (peak > 1) expect(accepts(peak - 1)).toBe(false);
      }),
    );
  });
});
