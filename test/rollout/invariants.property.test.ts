import * as fc from "fast-check";
import { type Plan, routedServices, routeWeights } from "../../rollout/plan";
import { channelRecord } from "../../rollout/record";
import { httpServices } from "../../rollout/release";
import { Channel, ends, type Gates, replicas, rollbackWindowSeconds, stages, type Update } from "./channel";

/** Histories tried per invariant; a longer search: `PROPERTY_RUNS=5000`. */
const runs = Number(process.env.PROPERTY_RUNS ?? 250);

type Event =
  | { do: "version"; value: string }
  | { do: "overlay"; value: string }
  | { do: "stage"; value: "auto" | "hold" | number }
  | { do: "attempt" }
  | { do: "wait"; seconds: number }
  | { do: "hand"; weight: number; services: readonly string[] }
  | { do: "delete"; service: string }
  | { do: "update"; gates: Gates; end: (typeof ends)[number] };

const versions = ["1.0.0", "1.1.0", "1.2.0"];
const update = fc.record({
  do: fc.constant("update" as const),
  gates: fc.oneof(
    { weight: 3, arbitrary: fc.constant("pass" as const) },
    fc.constantFrom("hold" as const, "fail" as const),
  ),
  end: fc.oneof({ weight: 3, arbitrary: fc.constant("complete" as const) }, fc.constantFrom(...ends)),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: update },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("version" as const), value: fc.constantFrom(...versions) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("overlay" as const), value: fc.constantFrom("a", "b", "c") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stage" as const),
      value: fc.constantFrom("auto" as const, "hold" as const, 10, 20, 30, 100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("attempt" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(5, rollbackWindowSeconds),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("hand" as const),
      weight: fc.integer({ min: 0, max: 100 }),
      services: fc.constantFrom(["api", "web"], ["api"], ["web"]),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("delete" as const), service: fc.constantFrom("api", "web") }),
  },
);

/** Plays the events; `check` sees every update. */
function play(events: readonly Event[], check: (update: Update, channel: Channel) => void): Channel {
  const channel = new Channel();
  for (const event of events) {
    switch (event.do) {
      case "version":
        channel.version = event.value;
        break;
      case "overlay":
        channel.overlay = event.value;
        break;
      case "stage":
        channel.stage = event.value;
        break;
      case "attempt":
        channel.attempt++;
        break;
      case "wait":
        channel.wait(event.seconds);
        break;
      case "hand":
        channel.setByHand(event.weight, event.services);
        break;
      case "delete":
        channel.deleteRoute(event.service);
        break;
      case "update":
        check(channel.update(event.gates, event.end), channel);
    }
  }
  return channel;
}

/** Holds in every update of every history. */
function always(
  check: (update: Update, channel: Channel) => void,
  allowed: (event: Event) => boolean = () => true,
): void {
  fc.assert(
    fc.property(fc.array(event, { minLength: 3, maxLength: 40, size: "max" }), (events) => {
      play(events.filter(allowed), check);
    }),
    { numRuns: runs, seed: 20260101 },
  );
}

function planOf({ decision }: Update): Plan | null {
  return decision.outcome === "blocked" ? null : decision.plan;
}

/** The release's lowest and highest share among the live routes of services that both sides of the plan have. */
function liveShares(update: Update, release: string): { lowest: number; highest: number } {
  const sides = planOf(update)?.releases.map((side) => httpServices(side.release)) ?? [];
  const shares = Object.entries(update.live.routes)
    .filter(([service]) => sides.every((services) => services.includes(service)))
    .map(([, route]) => route[release] ?? 0);
  return { lowest: Math.min(100, ...shares), highest: Math.max(0, ...shares) };
}

function recordedShare({ record }: Update, release: string): number {
  if (record === null) return 0;
  if (release === record.candidate?.id) return record.weight;
  return release === record.baseline.id ? 100 - record.weight : 0;
}

describe("whatever is asked for, and wherever updates are killed", () => {
  test("weights are whole, from 0 to 100, and sum to 100; there are at most two releases", () => {
    always((update) => {
      const plan = planOf(update);
      if (plan === null) return;
      expect(plan.releases.length).toBeLessThanOrEqual(2);
      for (const service of routedServices(plan)) {
        const weights = routeWeights(plan, service).map(({ weight }) => weight);
        expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= 100)).toBe(
          true,
        );
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(100);
      }
    });
  });

  test("no stage is skipped upwards, and none that the person has not allowed is entered", () => {
    always((update, { stage }) => {
      const plan = planOf(update);
      if (plan?.transition == null || plan.to.candidate === null) return;
      const { to, from } = plan;
      const before = from?.candidate?.id === to.candidate?.id ? (from?.weight ?? 0) : 0;
      if (to.weight <= before) return;
      expect(to.weight).toBe(stages.find((weight) => weight > before));
      expect(stage).not.toBe("hold");
      if (typeof stage === "number") expect(to.weight).toBeLessThanOrEqual(stage);
    });
  });

  test("a blocked update changes nothing, and a held one advances nothing", () => {
    always((update) => {
      if (update.decision.outcome === "go") return;
      expect(update.after).toEqual({ record: update.record, live: update.live });
      expect(planOf(update)?.transition ?? null).toBeNull();
      if (update.decision.outcome === "blocked") expect(update.decision).not.toHaveProperty("plan");
    });
  });

  test("the candidate's share never rises unless a judged transition with all gates open says so", () => {
    always(
      (update) => {
        const plan = planOf(update);
        if (plan?.transition == null || plan.to.candidate === null) return;
        const live = liveShares(update, plan.to.candidate.id).lowest;
        if (plan.to.weight <= live) return;
        expect(update.judged).toBe(true);
        expect(update.gates).toBe("pass");
      },
      ({ do: what }) => what !== "delete",
    );
  });

  test("what a hand has lowered is adopted, never raised, by the next update", () => {
    always(
      (update, { interrupted }) => {
        const { record } = update;
        const plan = planOf(update);
        if (record?.candidate == null || plan?.transition == null || interrupted) return;
        if (update.intent?.id !== record.transition.id) return;
        const { lowest } = liveShares(update, record.candidate.id);
        if (lowest < record.weight) expect(plan.to.weight).toBeLessThanOrEqual(lowest);
      },
      ({ do: what }) => what !== "delete",
    );
  });

  test("what a hand has lowered is not raised again until the attempt is", () => {
    always((update) => {
      const { record, attempt } = update;
      const plan = planOf(update);
      if (record?.braked && plan?.to.candidate && plan.to.weight > record.weight) {
        expect(attempt).toBeGreaterThan(record.attempt);
      }
    });
  });

  test("going back is never held up", () => {
    always((update, channel) => {
      const { record } = update;
      if (record?.candidate == null || record.state === "rolled-back") return;
      if (channel.version !== record.baseline.version || channel.wanted.id === record.candidate.id) return;
      expect(update.decision.outcome).toBe("go");
      expect(planOf(update)?.to).toMatchObject({ baseline: { id: record.baseline.id }, weight: 0 });
    });
  });

  test("a rejected release starts again only with a higher attempt", () => {
    always((update) => {
      const plan = planOf(update);
      const { record, attempt } = update;
      if (plan?.transition == null || record === null || plan.to.candidate === null || plan.to.weight === 0)
        return;
      if (record.candidate?.id === plan.to.candidate.id) return;
      const { version, hash } = plan.to.candidate;
      const rejected = record.rejected.filter((entry) => entry.version === version && entry.hash === hash);
      for (const entry of rejected) expect(attempt).toBeGreaterThan(entry.attempt);
    });
  });

  test("the record changes only by a confirmation, and says only what the plan was", () => {
    always((update) => {
      const plan = planOf(update);
      if (plan?.transition == null || !["record", "complete"].includes(update.end)) {
        expect(update.after.record).toEqual(update.record);
        return;
      }
      expect(update.after.record).toMatchObject({ ...plan.to, transition: { id: plan.transition.id } });
    });
  });

  test("a side that gains traffic is ready first; one that loses it is touched last", () => {
    always((update) => {
      const plan = planOf(update);
      if (plan?.transition == null || update.record === null) return;
      for (const { release, share, direction } of plan.releases) {
        const { lowest, highest } = liveShares(update, release.id);
        const recorded = recordedShare(update, release.id);
        if (share > Math.max(recorded, highest)) expect(direction).toBe("rising");
        if (share < Math.min(recorded, lowest) || share === 0) expect(direction).toBe("falling");
      }
    });
  });

  test("replicas are never less than the share needs; the baseline of HTTP services stays whole", () => {
    always((update) => {
      const plan = planOf(update);
      if (plan === null) return;
      for (const { side, share, release, services } of plan.releases) {
        const other = plan.releases.find((planned) => planned.side !== side);
        for (const { service, replicas: count } of services) {
          const full = replicas[service as keyof typeof replicas];
          const alone = other?.release.services[service] === undefined;
          const http = release.services[service]?.http !== undefined;
          if (alone || (http && side === "baseline")) expect(count).toBe(full);
          else if (http) expect(count).toBeGreaterThanOrEqual(Math.max(1, (full * share) / 100));
          else expect(count).toBeGreaterThanOrEqual(share > 0 ? 1 : 0);
        }
      }
      const workers = plan.releases
        .flatMap(({ services }) => services)
        .filter(({ service }) => service === "worker");
      const total = workers.reduce((sum, { replicas: count }) => sum + count, 0);
      if (workers.length > 0) expect(total).toBeGreaterThanOrEqual(replicas.worker);
    });
  });

  test("nothing with live traffic is deleted in the update that moves it away", () => {
    always((update) => {
      const plan = planOf(update);
      if (plan?.transition == null || update.record === null) return;
      const kept = new Set(plan.releases.map(({ release }) => release.id));
      for (const service of routedServices(plan)) {
        for (const [release, share] of Object.entries(update.live.routes[service] ?? {})) {
          const known = release === update.record.baseline.id || release === update.record.candidate?.id;
          if (known && !kept.has(release)) expect({ service, share }).toEqual({ service, share: 0 });
        }
      }
    });
  });

  test("looking twice without a change between is the same plan, without a transition", () => {
    always((update, channel) => {
      if (update.end !== "complete" || update.proposal.kind !== "none") return;
      const again = channel.update("pass", "complete");
      expect(again.decision).toEqual(update.decision);
      expect(again.after).toEqual(update.after);
    });
  });

  test("the record survives JSON", () => {
    always(({ after: { record } }) => {
      if (record !== null) expect(channelRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
    });
  });
});

describe("after anything", () => {
  const converges = (allowed: (event: Event) => boolean) =>
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 3, maxLength: 40, size: "max" }),
        fc.constantFrom(...versions),
        (events, version) => {
          const channel = play(events.filter(allowed), () => {});
          channel.version = version;
          channel.stage = "auto";
          let last: Update | null = null;
          for (let round = 0; round < 14; round++) {
            channel.wait(rollbackWindowSeconds);
            last = channel.update("pass", "complete");
          }
          const { decision, proposal } = last as Update;
          if (decision.outcome === "go") {
            expect(proposal.kind).toBe("none");
            expect(channel.record).toMatchObject({ state: "steady", baseline: { version } });
            return;
          }
          expect(decision.reasons.join()).toMatch(/pulumi config set|Restore|finish or roll back/);
        },
      ),
      { numRuns: runs, seed: 20260102 },
    );

  test("a constant wish and open gates arrive at that wish, or at a reason that names the way out", () => {
    converges(() => true);
  });

  test("kills alone arrive at the wish, unless it was rejected", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ends), { maxLength: 12 }), (kills) => {
        const channel = new Channel();
        channel.update("pass", "complete");
        channel.version = "1.1.0";
        for (const end of kills) {
          channel.wait(rollbackWindowSeconds);
          channel.update("pass", end);
        }
        for (let round = 0; round < 6; round++) {
          channel.wait(rollbackWindowSeconds);
          channel.update("pass", "complete");
        }
        expect(channel.record).toMatchObject({
          state: "steady",
          baseline: { version: "1.1.0" },
          rejected: [],
        });
      }),
      { numRuns: runs, seed: 20260103 },
    );
  });
});
