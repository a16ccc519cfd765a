import * as fc from "fast-check";
import { Channel, ends, type Gates, rollbackWindowSeconds, type Update } from "./channel";
import { DataStore, type Entry } from "./data-store";
import { at } from "./releases";

/** Histories tried per rule; a longer search: `PROPERTY_RUNS=5000`. */
const runs = Number(process.env.PROPERTY_RUNS ?? 100);

type Event =
  | { do: "version"; value: string }
  | { do: "attempt" | "wait" | "jobs" | "copy" | "restore" }
  | { do: "update"; gates: Gates; end: (typeof ends)[number] };

const versions = ["1.0.0", "1.1.0", "1.2.0"];
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("update" as const),
      gates: fc.oneof(
        { weight: 5, arbitrary: fc.constant<Gates>("pass") },
        fc.constantFrom<Gates>("hold", "fail"),
      ),
      end: fc.oneof({ weight: 5, arbitrary: fc.constant("complete" as const) }, fc.constantFrom(...ends)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("version" as const), value: fc.constantFrom(...versions) }),
  },
  { weight: 4, arbitrary: fc.constant<Event>({ do: "jobs" }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Event>({ do: "attempt" }, { do: "wait" }, { do: "copy" }, { do: "restore" }),
  },
);

interface Seen {
  update: Update;
  store: DataStore;
  /** Ids that this update has begun upwards. */
  ran: string[];
}

function always(check: (seen: Seen) => void): void {
  fc.assert(
    fc.property(fc.array(event, { minLength: 12, maxLength: 60, size: "max" }), (events) => {
      const store = new DataStore();
      const channel = new Channel(store);
      const copies: ReadonlyMap<string, Entry>[] = [];
      let clock = 0;
      for (const one of events) {
        if (one.do === "version") channel.version = one.value;
        if (one.do === "attempt") channel.attempt++;
        if (one.do === "wait") channel.wait(rollbackWindowSeconds);
        if (one.do === "jobs") store.finish("complete");
        if (one.do === "copy") copies.push(store.copy());
        const copy = one.do === "restore" ? copies.pop() : undefined;
        // A restore waits until no migration runs.
        if (copy !== undefined) {
          store.finish("complete");
          channel.wait(1);
          channel.restored = store.restore(copy, store.now || at(clock++));
        }
        if (one.do === "update") {
          const before = store.executions.length;
          const update = channel.update(one.gates, one.end);
          const ran = store.executions.slice(before).filter(({ run }) => run.direction === "up");
          check({ update, store, ran: ran.map(({ run }) => run.spec.id) });
        }
      }
    }),
    { numRuns: runs, seed: 20260104 },
  );
}

describe("whatever is copied and restored in between", () => {
  test("no candidate goes on, or takes the place of its baseline, without what it needs before traffic", () => {
    always(({ update, store }) => {
      const { decision, record } = update;
      const plan = decision.outcome === "blocked" ? null : decision.plan;
      const kind = plan?.transition?.kind;
      if (plan?.to == null || (kind !== "advance" && kind !== "finalize") || record?.candidate == null)
        return;
      if (record.state === "rolled-back") return;
      for (const { id, phase } of record.candidate.migrations) {
        if (phase === "expand") expect({ id, applied: store.applied(id) }).toEqual({ id, applied: true });
      }
    });
  });

  test("an update without a transition begins nothing", () => {
    always(({ update: { decision }, ran }) => {
      if (decision.outcome !== "blocked" && decision.plan?.transition === null) expect(ran).toEqual([]);
    });
  });

  test("going back is refused only while a switch is in the data", () => {
    always(({ update: { proposal }, store }) => {
      if (proposal.kind !== "refuse" || !/cannot be rolled back/.test(proposal.why)) return;
      expect(store.applied("0004-turn")).toBe(true);
    });
  });

  test("the ledger never has to refuse what the channel runs by itself", () => {
    always(({ store }) => expect(store.refusals).toEqual([]));
  });
});
