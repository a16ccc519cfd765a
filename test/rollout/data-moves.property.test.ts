import * as fc from "fast-check";
import { lt } from "semver";
import { endsRollbackWindow, jobName } from "../../rollout/migrations";
import type { Plan } from "../../rollout/plan";
import { Channel, ends, type Gates, rollbackWindowSeconds, type Update } from "./channel";
import { DataStore, type Execution } from "./data-store";

/** Histories tried per rule; a longer search: `PROPERTY_RUNS=5000`. */
const runs = Number(process.env.PROPERTY_RUNS ?? 100);

type Event =
  | { do: "version"; value: string }
  | { do: "stage"; value: "auto" | "hold" | number }
  | { do: "attempt" }
  | { do: "wait" }
  | { do: "jobs"; value: "complete" | "failed" }
  | { do: "hand"; weight: number }
  | { do: "update"; gates: Gates; end: (typeof ends)[number] };

const versions = ["1.0.0", "1.1.0", "1.2.0"];
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("update" as const),
      gates: mostly<Gates>("pass", "hold", "fail"),
      end: mostly<(typeof ends)[number]>("complete", ...ends),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("version" as const), value: fc.constantFrom(...versions) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("stage" as const),
      value: mostly<"auto" | "hold" | number>("auto", "hold", 30),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Event>({ do: "attempt" }) },
  { weight: 2, arbitrary: fc.constant<Event>({ do: "wait" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("jobs" as const),
      value: mostly<"complete" | "failed">("complete", "failed"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("hand" as const), weight: fc.constantFrom(0, 5, 50) }),
  },
);

interface Seen {
  update: Update;
  store: DataStore;
  /** What this update really ran. */
  ran: Execution[];
}

function play(events: readonly Event[], check: (seen: Seen) => void): Channel & { store: DataStore } {
  const store = new DataStore();
  const channel = new Channel(store) as Channel & { store: DataStore };
  for (const event of events) {
    if (event.do === "version") channel.version = event.value;
    if (event.do === "stage") channel.stage = event.value;
    if (event.do === "attempt") channel.attempt++;
    if (event.do === "wait") channel.wait(rollbackWindowSeconds);
    if (event.do === "jobs") store.finish(event.value);
    if (event.do === "hand") channel.setByHand(event.weight, ["api"]);
    if (event.do === "update") {
      const before = store.executions.length;
      const update = channel.update(event.gates, event.end);
      check({ update, store, ran: store.executions.slice(before) });
    }
  }
  return channel;
}

function always(check: (seen: Seen) => void, allowed: (event: Event) => boolean = () => true): void {
  fc.assert(
    fc.property(fc.array(event, { minLength: 8, maxLength: 50, size: "max" }), (events) => {
      play(events.filter(allowed), check);
    }),
    { numRuns: runs, seed: 20260102 },
  );
}

const planOf = ({ decision }: Update): Plan | null => (decision.outcome === "blocked" ? null : decision.plan);

describe("however a channel's updates go on, and wherever they are killed", () => {
  test("each migration is run once per release and attempt, unless it had to be cut off", () => {
    always(({ store }) => {
      const awaited = store.executions
        .filter(({ run }) => run.step !== "alongside")
        .map(({ run }) => jobName(run));
      expect(new Set(awaited).size).toBe(awaited.length);
    });
  });

  test("the ledger never has to refuse what a channel runs by itself", () => {
    always(({ store }) => {
      expect(store.refusals).toEqual([]);
    });
  });

  test("a rollback runs nothing", () => {
    always(({ update, ran }) => {
      if (planOf(update)?.to.state === "rolled-back") expect(ran).toEqual([]);
    });
  });

  test("what expands runs before its release has any traffic", () => {
    always(
      ({ update, ran }) => {
        for (const { run } of ran.filter(({ run: { spec } }) => spec.phase === "expand")) {
          const shares = Object.values(update.live.routes).map((route) => route[run.release] ?? 0);
          if (run.direction === "up" && update.record !== null) expect(Math.max(0, ...shares)).toBe(0);
        }
      },
      ({ do: what }) => what !== "hand",
    );
  });

  test("what has to be complete before a stage is, when the stage is entered", () => {
    always(({ update, store }) => {
      const plan = planOf(update);
      if (
        plan?.transition == null ||
        plan.to.candidate === null ||
        plan.to.weight <= (plan.from?.weight ?? 0)
      )
        return;
      const copies = plan.data.migrations.filter(
        ({ run }) => run.spec.phase === "backfill" && run.step === "alongside",
      );
      for (const { run, due } of copies.filter(({ run }) => (run.spec.before ?? 100) <= plan.to.weight)) {
        const jobs = store.jobs.filter((job) => job.run === jobName(run));
        if (run.release === plan.to.candidate.id && !due)
          expect(jobs.map(({ status }) => status)).toContain("complete");
      }
    });
  });

  test("a contract runs only while its release is alone, after 100 % and the rollback window", () => {
    always(({ update, ran }) => {
      for (const { run, plan } of ran) {
        if (run.spec.phase !== "contract" || plan.from === null) continue;
        expect(plan.from).toMatchObject({ state: "steady", candidate: null, baseline: { id: run.release } });
        expect(plan.to).toMatchObject({ state: "steady", candidate: null, baseline: { id: run.release } });
        expect(plan.transition?.kind).toMatch(/^(finalize|resume)$/);
        expect(update.gates).toBe("pass");
        const { completed = [], transition } = update.record ?? {};
        const done =
          completed.findLast(({ hash }) => hash === plan.to.baseline.hash)?.at ?? transition?.at ?? "";
        const waited = Date.parse(plan.transition?.startedAt ?? "") - Date.parse(done);
        expect(waited).toBeGreaterThanOrEqual(rollbackWindowSeconds * 1000);
      }
    });
  });

  test("once a switch took the old form away, the old release gets no traffic any more", () => {
    always(
      ({ update, store }) => {
        const plan = planOf(update);
        if (plan === null || plan.to.candidate === null) return;
        const spec = endsRollbackWindow(plan.to);
        const ran = store.executions.some(
          ({ run, plan: by }) =>
            run.spec.id === spec?.id && run.release === plan.to.candidate?.id && by !== plan,
        );
        if (ran) expect(plan.to.weight).toBe(100);
      },
      ({ do: what }) => what !== "hand",
    );
  });

  test("nothing of a release is undone while it has traffic", () => {
    always(({ ran }) => {
      for (const { run, plan } of ran.filter(({ run: { direction } }) => direction === "down")) {
        expect([plan.to.baseline.id, plan.to.candidate?.id]).not.toContain(run.release);
        expect(run.spec.reversible).toBe(true);
      }
    });
  });

  test("looking twice is the same: no Job is begun", () => {
    always(({ update, store, ran }) => {
      if (planOf(update)?.transition !== null || update.live.jobs.some(({ status }) => status === "failed"))
        return;
      expect(ran).toEqual([]);
      expect(update.live.jobs).toEqual(expect.arrayContaining(store.jobs));
    });
  });
});

describe("after anything", () => {
  test("a channel whose gates open comes to rest, with all of its release's data moved", () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 8, maxLength: 50, size: "max" }),
        fc.constantFrom(...versions),
        (events, version) => {
          const channel = play(events, () => {});
          channel.version = version;
          channel.stage = "auto";
          let last: Update | null = null;
          for (let round = 0; round < 24; round++) {
            channel.wait(rollbackWindowSeconds);
            channel.store.finish("complete");
            last = channel.update("pass", "complete");
          }
          const { decision } = last as Update;
          const { record, store } = channel;
          if (decision.outcome !== "go") {
            const older = record !== null && lt(version, record.baseline.version);
            if (!older)
              expect(decision.reasons.join()).toMatch(
                /pulumi config set|restore the backup|Release them one after the other/,
              );
            return;
          }
          expect(record).toMatchObject({ state: "steady", baseline: { version }, candidate: null });
          const phases = record?.baseline.migrations.map(({ id }) => id) ?? [];
          for (const id of phases) expect(store.executions.map(({ run }) => run.spec.id)).toContain(id);
        },
      ),
      { numRuns: runs, seed: 20260103 },
    );
  });
});
