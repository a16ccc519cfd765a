import { describeMigration, runLater, runNow } from "../../rollout/data-report";
import { decide, type Plan } from "../../rollout/plan";
import type { Position, TransitionKind } from "../../rollout/record";
import { describeDecision, explainDecision } from "../../rollout/report";
import { after, before, migrating, orders, runOf, turn, withData } from "./data";
import { at, completed, liveAt, nothingLive, recordOf, rolledBack, rolling, sized, steady } from "./releases";

const at10 = rolling(10, after, before);
const at30 = rolling(30, after, before);
const migrations = [runOf(after, "0002-customers"), runOf(after, "0003-copy")];

function planned(kind: TransitionKind, from: Position | null, to: Position) {
  const why = "a story";
  const proposal = { kind, to, why } as never;
  const decision = decide({
    proposal,
    verdicts: [],
    record: from === null ? null : recordOf(from, from.candidate === null ? {} : { migrations }),
    interrupted: false,
    live: from === null ? nothingLive : liveAt(from),
    attempt: 1,
    strictHold: false,
    capacity: sized({ api: 2, worker: 2 }),
    data: withData,
    id: "t2",
    now: at(60),
  });
  if (decision.outcome !== "go") throw new Error("the story has no plan");
  return { proposal, decision };
}

const planOf = (...story: Parameters<typeof planned>): Plan => planned(...story).decision.plan;
const now = (plan: Plan) => runNow(plan).map(describeMigration);
const later = (plan: Plan) => runLater(plan).map(describeMigration);

describe("what a preview tells of the data", () => {
  test("at a start: what runs now, with phase, order and way back, and what is left for later", () => {
    const plan = planOf("start", steady(before), at10);
    expect(now(plan)).toEqual([
      "0002-customers (expand, undone by a rollback), before the first request",
      "0003-copy (backfill, undone by a rollback), from now on; complete before 30 %",
    ]);
    expect(later(plan)).toEqual([
      "0004-turn (switch, not reversible), when 100 % is confirmed, and there is no way back then",
      "0005-clear (contract, not reversible), when nothing older is live, after the rollback window",
    ]);
  });

  test("at 100 %: the switch, and whether it leaves a way back", () => {
    expect(now(planOf("advance", at30, completed(after, before)))).toEqual([
      "0004-turn (switch, not reversible), when 100 % is confirmed, and there is no way back then",
    ]);
    const soft = migrating("1.1.0", [orders, { ...turn, bothFormsWritten: true, reversible: true }]);
    expect(now(planOf("advance", rolling(30, soft, before), completed(soft, before)))).toEqual([
      "0004-turn (switch, reversible), when 100 % is confirmed",
    ]);
  });

  test("at a rollback: nothing, and nothing for later", () => {
    const plan = planOf("rollback", at30, rolledBack(after, before));
    expect([...now(plan), ...later(plan)]).toEqual([]);
  });

  test("after it: what is undone", () => {
    expect(now(planOf("finalize", rolledBack(after, before), steady(before)))).toEqual([
      "0003-copy, now that the traffic has left it",
      "0002-customers, now that the traffic has left it",
    ]);
  });

  test("at last: the contract", () => {
    expect(now(planOf("finalize", steady(after), steady(after)))).toEqual([
      "0005-clear (contract, not reversible), now that nothing older is live",
    ]);
  });

  test("at an installation: everything before the first request", () => {
    const plan = planOf("install", null, steady(after));
    expect(runNow(plan).map(({ id }) => id)).toEqual(after.migrations.map(({ id }) => id));
    expect(new Set(runNow(plan).map(({ when }) => when))).toEqual(new Set(["before the first request"]));
  });

  test("stands in the plan's table in this order: the copy, what runs, what is left", () => {
    const { proposal, decision } = planned("start", steady(before), at10);
    const lines = describeDecision("canary", proposal, decision, []).split("\n");
    const starts = ["copy", "migrate", "later"].map((word) =>
      lines.findIndex((line) => line.trim().startsWith(word)),
    );
    expect(starts.every((index) => index > 0)).toBe(true);
    expect(starts).toEqual([...starts].sort((left, right) => left - right));
    const { plan } = explainDecision("canary", proposal, decision, []);
    expect(plan?.migrations.map(({ id, direction }) => `${direction} ${id}`)).toEqual([
      "up 0002-customers",
      "up 0003-copy",
    ]);
    expect(plan?.laterMigrations.map(({ id }) => id)).toEqual(["0004-turn", "0005-clear"]);
  });
});
