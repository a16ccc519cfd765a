import * as fc from "fast-check";
import { nextRecord } from "../../rollout/history";
import { checksum, jobName } from "../../rollout/migrations";
import { type DecideInput, decide, type Plan } from "../../rollout/plan";
import { propose } from "../../rollout/propose";
import type { ChannelRecord, Position } from "../../rollout/record";
import type { Release } from "../../rollout/release";
import { describeDecision, describeStatus } from "../../rollout/report";
import { afterRestore } from "../../rollout/restored";
import type { RestoredData } from "../../rollout/restored-data";
import { after, allPhases, before, jobOf, migrating, runOf, withData } from "./data";
import {
  at,
  completed,
  intentTo,
  liveAt,
  recordOf,
  rolledBack,
  rolling,
  situation,
  sized,
  steady,
  wish,
} from "./releases";

const restoredAt = at(30);
/** The restored ledger has these of `after`'s migrations; all others were run here at some time. */
function restoredTo(applied: readonly string[], more: Partial<RestoredData> = {}): RestoredData {
  const has = ({ id }: { id: string }) => applied.includes(id);
  return {
    ...{ schema: 1, backup: "canary-backup-1f2e3d4c.dump", sha256: "a".repeat(64), restoredAt },
    ledger: {
      applied: after.migrations.filter(has).map((spec) => ({ id: spec.id, checksum: checksum(spec) })),
      notApplied: after.migrations.filter((spec) => !has(spec)).map(({ id }) => id),
    },
    ...more,
  };
}
const ids = after.migrations.map(({ id }) => id);
const [orders = "", customers = "", copy = "", turn = "", clear = ""] = ids;
const rolloutRuns = [customers, copy, turn].map((id) => runOf(after, id));
const ofOrders = restoredTo([orders]);
const liveWith = (position: Position, restored: RestoredData, jobs = [] as DecideInput["live"]["jobs"]) => ({
  ...liveAt(position),
  jobs,
  restored,
});
const at100 = completed(after, before);
const beforeBoth = { migrations: rolloutRuns };

function decided(
  position: Position,
  wanted: Release,
  remembers: Partial<ChannelRecord>,
  live: DecideInput["live"],
  { attempt = 1, now = at(60) } = {},
) {
  const input = situation(position, wish(wanted, { attempt }), { remembers, live, now });
  const proposal = propose(input);
  const decision = decide({
    ...{ proposal, verdicts: [], record: input.record, interrupted: false, live, attempt, strictHold: false },
    ...{ capacity: sized({ api: 1, worker: 1 }), data: withData, id: "t2", now },
  });
  return { proposal, decision };
}

function planOf(...args: Parameters<typeof decided>): Plan {
  const { decision } = decided(...args);
  if (decision.outcome !== "go") throw new Error(`${decision.outcome}: ${decision.reasons}`);
  return decision.plan;
}

const confirmed = (seconds: number) => ({ id: "t2", confirmedAt: at(seconds), services: {} });
const ann = { actor: "ann", reason: null };

describe("what a restore takes back", () => {
  test.each<[string, Position, Partial<ChannelRecord>, RestoredData, string[]]>([
    ["what ran in the rollout and the ledger has not", at100, beforeBoth, ofOrders, [customers, copy, turn]],
    ["nothing that the ledger has", at100, beforeBoth, restoredTo([orders, customers, copy, turn]), []],
    ["the switch alone", at100, beforeBoth, restoredTo([orders, customers, copy]), [turn]],
    [
      "what ran, where nobody can say",
      at100,
      beforeBoth,
      restoredTo([], { ledger: null }),
      [customers, copy, turn],
    ],
    [
      "what is applied in another form",
      at100,
      { migrations: [runOf(after, turn)] },
      restoredTo([], { ledger: { applied: [{ id: turn, checksum: "other" }], notApplied: [] } }),
      [turn],
    ],
    [
      "nothing that has not run yet",
      rolling(30, after, before),
      { migrations: [runOf(after, customers)] },
      ofOrders,
      [customers],
    ],
    ["what the baseline had as well", rolling(30, after, before), {}, restoredTo([]), [orders]],
    [
      "nothing of the baseline that its ledger never knew",
      rolling(30, after, before),
      {},
      restoredTo([], { ledger: { applied: [], notApplied: [] } }),
      [],
    ],
    [
      "contracts that have run",
      steady(after),
      { contracted: [clear] },
      restoredTo([orders, customers, copy, turn]),
      [clear],
    ],
    ["no contract that has not", steady(after), {}, restoredTo([orders, customers, copy, turn]), []],
  ])("is %s", (_, position, remembers, restored, lost) => {
    const { record, restore } = afterRestore(recordOf(position, remembers), liveWith(position, restored));
    expect(record?.lost).toEqual([...lost].sort());
    expect(record?.contracted).toEqual((remembers.contracted ?? []).filter((id) => !lost.includes(id)));
    expect(restore).toMatchObject({ isNew: true, lost: [...lost].sort() });
    // Jobs stay where they are: an update that moves traffic deletes nothing.
    expect(record?.migrations).toEqual(remembers.migrations);
  });

  test.each([
    ["went on through it", "running", undefined],
    ["ended after it", "complete", at(31)],
  ] as const)("is not what a Job does that %s", (_, status, completedAt) => {
    const job = {
      ...jobOf(runOf(after, copy), status),
      ...(completedAt === undefined ? {} : { completedAt }),
    };
    const live = liveWith(at100, ofOrders, [job]);
    expect(afterRestore(recordOf(at100, beforeBoth), live).record?.lost).toEqual([customers, turn]);
  });

  test("comes back with a later restore, also a contract", () => {
    const restored = { backup: "x.dump", sha256: "b".repeat(64), at: at(10) };
    const record = recordOf(steady(after), { restored, lost: [turn, clear], contracted: [] });
    expect(afterRestore(record, liveWith(steady(after), restoredTo(ids))).record).toMatchObject({
      lost: [],
      contracted: [clear],
    });
  });

  test("is not taken back again by a restore that the record knows", () => {
    const { backup, sha256 } = ofOrders;
    const record = recordOf(at100, { ...beforeBoth, restored: { backup, sha256, at: restoredAt } });
    expect(afterRestore(record, liveWith(at100, ofOrders))).toMatchObject({ record, restore: null });
  });

  test("is nothing where it cannot be read: the record counts", () => {
    const record = recordOf(at100, beforeBoth);
    const live = { ...liveAt(at100), restored: { problem: "unreadable" } };
    expect(afterRestore(record, live)).toEqual({ record, live, restore: null });
    expect(propose({ ...situation(at100, wish(before), { remembers: beforeBoth, live }) })).toMatchObject({
      kind: "refuse",
      why: expect.stringMatching(/Whether it was restored is not known: unreadable$/),
    });
  });
});

describe("after a restore across a switch", () => {
  const live = liveWith(at100, ofOrders);

  test("the rollback goes, runs nothing, deletes nothing, and its entry names the restore", () => {
    const plan = planOf(at100, before, beforeBoth, live);
    expect(plan).toMatchObject({ transition: { kind: "rollback" }, to: { state: "rolled-back", weight: 0 } });
    expect(plan.data.migrations.map(({ due }) => due)).toEqual([false, false, false]);
    const record = nextRecord("canary", recordOf(at100, beforeBoth), plan, confirmed(70), ann);
    const ref = { backup: ofOrders.backup, sha256: ofOrders.sha256, at: restoredAt };
    expect(record).toMatchObject({ restored: ref, lost: [customers, copy, turn] });
    expect(record.history.at(-1)).toMatchObject({ restored: ref });
  });

  test("a rollback that was killed on the way goes as well", () => {
    const jobs = rolloutRuns.map((run) => ({ ...jobOf(run), completedAt: at(20) }));
    const input = situation(at100, wish(before), {
      ...{ remembers: beforeBoth, live: liveWith(at100, ofOrders, jobs) },
      intent: intentTo("rollback", rolledBack(after, before)),
    });
    expect(propose(input).kind).toBe("rollback");
  });

  test("without a transition nothing differs, and people are told", () => {
    const { proposal, decision } = decided(at100, after, beforeBoth, live, {});
    const held = decide({
      ...{ proposal, verdicts: [{ gate: "migrations", status: "hold", reason: "lost" }] },
      ...{ record: recordOf(at100, beforeBoth), interrupted: false, live, attempt: 1, strictHold: false },
      ...{ capacity: sized({ api: 1, worker: 1 }), data: withData, id: "t2", now: at(60) },
    });
    if (held.outcome !== "hold" || decision.outcome !== "go") throw new Error(held.outcome);
    expect(held.plan?.data.migrations.map(({ name }) => name)).toEqual(rolloutRuns.map(jobName));
    const told =
      /canary-backup-1f2e3d4c\.dump, restored at .*not in the data any more: 0002-customers, 0003-copy, 0004-turn/;
    expect(describeDecision("canary", proposal, held, []).replaceAll(/\s+/g, " ")).toMatch(told);
    expect(describeStatus(recordOf(at100, beforeBoth), held)).toMatch(told);
  });

  test("a failed backfill that was taken back is not begun again by itself", () => {
    const failed = [jobOf(runOf(after, copy), "failed")];
    const plan = planOf(
      rolling(10, after, before),
      after,
      beforeBoth,
      {
        ...liveWith(rolling(10, after, before), ofOrders, failed),
      },
      {},
    );
    expect(plan.data.migrations.filter(({ due }) => !due).map(({ name }) => name)).toEqual(
      rolloutRuns.map(jobName),
    );
  });

  test("clearing away undoes nothing that is not there", () => {
    const remembers = { ...beforeBoth, lost: [customers, copy, turn] };
    const plan = planOf(rolledBack(after, before), before, remembers, liveAt(rolledBack(after, before)));
    expect(plan.data.migrations).toEqual([]);
  });

  test("a new attempt runs all of it again, under other names", () => {
    const rejected = [{ version: "1.1.0", hash: after.hash, attempt: 1, at: at(40), reason: null }];
    const plan = planOf(steady(before), after, { rejected }, liveWith(steady(before), ofOrders), {
      attempt: 2,
    });
    const due = plan.data.migrations.filter((one) => one.due);
    expect(due.map(({ run }) => run.spec.id)).toEqual([customers, copy]);
    for (const { name } of due) expect(rolloutRuns.map(jobName)).not.toContain(name);
  });

  test("the next version runs again what the live one has lost, each in its phase", () => {
    const next = migrating("1.2.0", allPhases);
    const { backup, sha256 } = ofOrders;
    const remembers = { restored: { backup, sha256, at: restoredAt }, lost: [customers, copy, turn, clear] };
    const start = planOf(steady(after), next, remembers, liveAt(steady(after)));
    expect(start.data.migrations.map(({ run }) => run.spec.id)).toEqual([customers, copy]);
    const record = nextRecord("canary", recordOf(steady(after), remembers), start, confirmed(70), ann);
    expect(record.lost).toEqual([turn, clear]);
  });
});

describe("Jobs of an update that did not get to its end before the restore", () => {
  const killed = (jobs: DecideInput["live"]["jobs"]) => {
    const live = liveWith(steady(before), ofOrders, jobs);
    const input = situation(steady(before), wish(after), {
      intent: intentTo("start", rolling(10, after, before)),
      live,
    });
    const proposal = propose(input);
    const decision = decide({
      ...{
        proposal,
        verdicts: [],
        record: input.record,
        interrupted: true,
        live,
        attempt: 1,
        strictHold: false,
      },
      ...{ capacity: sized({ api: 1, worker: 1 }), data: withData, id: "t3", now: at(70) },
    });
    if (decision.outcome !== "go") throw new Error(decision.outcome);
    return decision.plan.data.migrations.find(({ run }) => run.spec.id === customers)?.name;
  };
  const run = runOf(after, customers);

  test.each([
    ["did their work before it: tried again", at(20), `${jobName(run)}-2`],
    ["did it afterwards: found", at(40), jobName(run)],
  ])("%s", (_, completedAt, name) => {
    expect(killed([{ ...jobOf(run), completedAt }])).toBe(name);
  });
});

test("whatever is restored: a rollback is never refused for what is not in the data, and always for what is", () => {
  fc.assert(
    fc.property(fc.subarray(ids), fc.boolean(), (applied, knows) => {
      const restored = restoredTo(applied, knows ? {} : { ledger: null });
      const { kind } = propose(
        situation(at100, wish(before), { remembers: beforeBoth, live: liveWith(at100, restored) }),
      );
      expect(kind).toBe(knows && applied.includes(turn) ? "refuse" : "rollback");
    }),
  );
});

test("whatever is restored, the record that follows takes it into account once, and survives JSON", () => {
  fc.assert(
    fc.property(fc.subarray(ids), (applied) => {
      const live = liveWith(at100, restoredTo(applied));
      const plan = planOf(at100, applied.includes(turn) ? after : before, beforeBoth, live, { now: at(700) });
      const record = nextRecord("canary", recordOf(at100, beforeBoth), plan, confirmed(70), ann);
      const again = afterRestore(record, live);
      expect(again.record).toEqual(record);
      expect(again.restore?.isNew ?? false).toBe(false);
      expect(again.restore?.lost ?? []).toEqual(record.lost ?? []);
    }),
  );
});
