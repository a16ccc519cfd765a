import * as fc from "fast-check";
import { activeCohorts, type Cohort, type LiveRule, textOf } from "../../rollout/cohorts";
import { Channel, ends, type Update } from "./channel";
import { aCohort } from "./cohort-positions";
import { liveRules } from "./releases";

/** Histories tried per invariant; a longer search: `PROPERTY_RUNS=5000`. */
const runs = Number(process.env.PROPERTY_RUNS ?? 150);

const header = (name: string, from?: number) => ({ header: { name, value: "1" }, ...(from ? { from } : {}) });
const sections = [
  aCohort({}),
  aCohort({ testers: header("x-tester") }),
  aCohort({ testers: header("x-tester"), berlin: header("x-berlin", 30) }),
  aCohort({ testers: header("x-other") }),
];

type Event =
  | { do: "version"; value: string }
  | { do: "cohorts"; value: Cohort[] }
  | { do: "attempt" }
  | { do: "hand"; weight: number }
  | { do: "rules"; service: string; add: boolean }
  | { do: "update"; gates: "pass" | "hold" | "fail"; end: (typeof ends)[number] };

const services = fc.constantFrom("api", "web");
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("update" as const),
      gates: fc.constantFrom("pass" as const, "pass" as const, "hold" as const, "fail" as const),
      end: fc.oneof({ weight: 3, arbitrary: fc.constant("complete" as const) }, fc.constantFrom(...ends)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("version" as const),
      value: fc.constantFrom("1.0.0", "1.1.0", "1.2.0"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("cohorts" as const), value: fc.constantFrom(...sections) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("attempt" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hand" as const), weight: fc.integer({ min: 0, max: 100 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("rules" as const), service: services, add: fc.boolean() }),
  },
);

function play(events: readonly Event[], check: (update: Update, channel: Channel) => void): void {
  const channel = new Channel();
  channel.cohorts = sections[2]!;
  for (const event of events) {
    switch (event.do) {
      case "version":
        channel.version = event.value;
        break;
      case "cohorts":
        channel.cohorts = event.value;
        break;
      case "attempt":
        channel.attempt++;
        break;
      case "hand":
        channel.setByHand(event.weight, ["api", "web"]);
        break;
      case "rules":
        channel.setRulesByHand(event.service, event.add ? strange(channel) : null);
        break;
      case "update":
        check(channel.update(event.gates, event.end), channel);
    }
  }
}

/** What a hand would write to have more of the candidate. */
function strange({ record }: Channel): LiveRule {
  const release = (record?.candidate ?? record?.baseline)?.id ?? "";
  return { matches: [{ path: { type: "PathPrefix", value: "/mine" } }], shares: { [release]: 100 } };
}

function always(check: (update: Update, channel: Channel) => void): void {
  fc.assert(
    fc.property(fc.array(event, { minLength: 5, maxLength: 40, size: "max" }), (events) => {
      play([{ do: "update", gates: "pass", end: "complete" }, ...events], check);
    }),
    { numRuns: runs, seed: 20260101 },
  );
}

/** What goes wholly to the candidate of a position, by service. */
function texts(rules: Readonly<Record<string, readonly LiveRule[]>> | undefined, service: string): string[] {
  return (rules?.[service] ?? []).map(({ matches }) => textOf(matches));
}

describe("whatever is asked for, and wherever updates are killed", () => {
  test("an update that no gate has judged gives no cohort more than is both recorded and live", () => {
    always((update) => {
      const { decision, record, live, judged, gates } = update;
      if (decision.outcome === "blocked" || decision.plan === null || record === null) return;
      if (judged && gates === "pass") return;
      const { to, transition } = decision.plan;
      if (transition === null) return;
      for (const service of Object.keys(live.routes)) {
        const before = new Set(texts(liveRules(record, [service]), service));
        const there = new Set(texts(live.rules, service));
        for (const text of texts(liveRules(to, [service]), service)) {
          expect(before.has(text)).toBe(true);
          expect(there.has(text)).toBe(true);
        }
      }
    });
  });

  test("after a rollback, and without a share, no cohort is left", () => {
    always(({ end, decision, after }) => {
      if (decision.outcome === "blocked" || !decision.plan?.transition) return;
      const { to } = decision.plan;
      if (to.weight > 0 || ends.indexOf(end) < ends.indexOf("routes")) return;
      expect(activeCohorts(to)).toEqual([]);
      for (const service of Object.keys(after.live.routes))
        expect(texts(after.live.rules, service)).toEqual([]);
    });
  });

  test("two updates that get to their end leave exactly the cohorts of the record", () => {
    always((_, channel) => {
      const copy = Object.assign(new Channel(), structuredClone({ ...channel }));
      copy.update("hold", "complete");
      const { record, live } = copy;
      if (record === null || copy.interrupted) return;
      for (const service of Object.keys(live.routes)) {
        expect(texts(live.rules, service).sort()).toEqual(
          texts(liveRules(record, [service]), service).sort(),
        );
      }
    });
  });
});
