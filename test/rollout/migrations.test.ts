import { migrationSpec } from "../../config/schemas/migration";
import {
  addedMigrations,
  checksum,
  jobName,
  type MigrationMemory,
  type MigrationRun,
  pendingContracts,
  plannedMigrations,
  rememberedMigrations,
} from "../../rollout/migrations";
import type { Position, TransitionKind } from "../../rollout/record";
import { after, allPhases, before, clear, migrating, orders, runOf, turn } from "./data";
import { completed, rolledBack, rolling, steady } from "./releases";

type Kind = Exclude<TransitionKind, "resume">;

/** `up 0002-customers before-traffic` */
const short = ({ direction, spec, step }: MigrationRun) => `${direction} ${spec.id} ${step}`;

function due(
  kind: Kind | null,
  from: Position | null,
  to: Position,
  memory: MigrationMemory = {},
  attempt = 1,
): string[] {
  const record = from === null ? null : { ...from, ...memory };
  return plannedMigrations(to, record, kind === null ? null : { kind, attempt }).due.map(short);
}

const at10 = rolling(10, after, before);
const at30 = rolling(30, after, before);
const at100 = completed(after, before);
const back = rolledBack(after, before);
const begun = [runOf(after, "0002-customers"), runOf(after, "0003-copy")];
const switched = [...begun, runOf(after, "0004-turn")];

describe("what an update runs", () => {
  const story: [string, Kind | null, Position | null, Position, MigrationMemory, string[]][] = [
    [
      "an installation: all of the release, in order, before the first request",
      "install",
      null,
      steady(after),
      {},
      ["orders", "customers", "copy", "turn", "clear"].map(
        (name, index) => `up 000${index + 1}-${name} before-traffic`,
      ),
    ],
    [
      "a start: what the baseline lacks, expands before the traffic and backfills beside it",
      "start",
      steady(before),
      at10,
      {},
      ["up 0002-customers before-traffic", "up 0003-copy alongside"],
    ],
    ["an advance below 100 %: nothing", "advance", at10, at30, { migrations: begun }, []],
    [
      "an advance to 100 %: the switch, after the traffic",
      "advance",
      at30,
      at100,
      { migrations: begun },
      ["up 0004-turn after-traffic"],
    ],
    [
      "a start that is at 100 % at once: both",
      "start",
      steady(before),
      at100,
      {},
      ["up 0002-customers before-traffic", "up 0003-copy alongside", "up 0004-turn after-traffic"],
    ],
    [
      "a finalize after 100 %: nothing, the old release has just gone",
      "finalize",
      at100,
      steady(after),
      { migrations: switched },
      [],
    ],
    [
      "the finalize after that: the contract, when the old release is gone",
      "finalize",
      steady(after),
      steady(after),
      {},
      ["up 0005-clear after-traffic"],
    ],
    ["and never again", "finalize", steady(after), steady(after), { contracted: ["0005-clear"] }, []],
    ["a rollback: nothing", "rollback", at30, back, { migrations: begun }, []],
    ["a rollback of a start that was not recorded: nothing", "rollback", steady(before), back, {}, []],
    ["a rollback at 100 %: nothing", "rollback", at100, back, { migrations: switched }, []],
    [
      "the finalize after a rollback: what ran and may be undone, newest first",
      "finalize",
      back,
      steady(before),
      { migrations: switched },
      ["down 0003-copy after-traffic", "down 0002-customers after-traffic"],
    ],
    [
      "weights put right while the release is alone: no contract",
      "correct",
      steady(after),
      steady(after),
      {},
      [],
    ],
    [
      "weights put right in a rollout: nothing",
      "correct",
      at30,
      rolling(5, after, before),
      { migrations: begun },
      [],
    ],
    ["looking again: nothing", null, at10, at10, { migrations: begun }, []],
    ["looking again with a contract to come: nothing", null, steady(after), steady(after), {}, []],
    [
      "a start of the next release while a contract waits: not that",
      "start",
      steady(after),
      rolling(10, migrating("1.2.0", allPhases), after),
      {},
      [],
    ],
  ];

  test.each(story)("%s", (_, kind, from, to, memory, expected) => {
    expect(due(kind, from, to, memory)).toEqual(expected);
  });

  test("a resumed update runs what the interrupted one did, by the same names", () => {
    const plan = () =>
      plannedMigrations(at10, steady(before), { kind: "start", attempt: 1 }).due.map(jobName);
    expect(plan()).toEqual(plan());
    expect(plan()).toHaveLength(2);
  });

  test("with the memory of an earlier program, which knew of none, nothing is run that has its time behind it", () => {
    expect(due("advance", at10, at30)).toEqual([]);
    expect(due("finalize", back, steady(before))).toEqual([]);
    expect(plannedMigrations(at10, at10, null)).toEqual({ due: [], kept: [] });
  });

  test("undoing bears the attempt that it undoes, whatever attempt is configured by now", () => {
    const record = { ...back, migrations: begun };
    const { due } = plannedMigrations(steady(before), record, { kind: "finalize", attempt: 7 });
    expect(due.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  test.each([
    ["not declared reversible", [orders, { id: "0002-a", phase: "expand", down: ["down"] }]],
    ["reversible without a way", [orders, { id: "0002-a", phase: "expand", reversible: true }]],
  ])("what is %s is not undone", (_, declared) => {
    const release = migrating("1.1.0", declared);
    const memory = { migrations: [runOf(release, "0002-a")] };
    expect(due("finalize", rolledBack(release, before), steady(before), memory)).toEqual([]);
  });
});

describe("whose Jobs are kept", () => {
  const kept = (from: Position, to: Position, kind: Kind = "advance") =>
    plannedMigrations(to, { ...from, migrations: begun }, { kind, attempt: 1 }).kept.map(short);

  test.each([
    [at10, at30],
    [at30, at100],
    [at30, back],
    [at100, back],
  ])("through the whole rollout, its rollback too (%#)", (from, to) => {
    expect(kept(from, to)).toEqual(begun.map(short));
  });

  test.each([
    [at100, steady(after)],
    [back, steady(before)],
  ])("until it is finalized (%#)", (from, to) => {
    expect(kept(from, to, "finalize")).toEqual([]);
  });

  test("a run that is kept is not due again", () => {
    const record = { ...at30, migrations: switched };
    const planned = plannedMigrations(at100, record, { kind: "advance", attempt: 1 });
    expect(planned.due).toEqual([]);
    expect(planned.kept).toEqual(switched);
  });
});

describe("what the record remembers", () => {
  const contract = runOf(after, "0005-clear");

  test("is what was kept, and then what was run", () => {
    const remembered = rememberedMigrations({ kept: begun, due: [runOf(after, "0004-turn")] }, at100, null);
    expect(remembered.migrations.map(({ spec }) => spec.id)).toEqual([
      "0002-customers",
      "0003-copy",
      "0004-turn",
    ]);
    expect(remembered.contracted).toEqual([]);
  });

  test("of a contract, for as long as a live release declares it", () => {
    const once = rememberedMigrations({ kept: [], due: [contract] }, steady(after), null);
    expect(once.contracted).toEqual(["0005-clear"]);
    const next = migrating("1.2.0", [orders]);
    expect(rememberedMigrations({ kept: [], due: [] }, rolling(10, next, after), once).contracted).toEqual([
      "0005-clear",
    ]);
    expect(rememberedMigrations({ kept: [], due: [] }, steady(next), once).contracted).toEqual([]);
  });

  test("also of one that ran with the installation", () => {
    const { due } = plannedMigrations(steady(after), null, { kind: "install", attempt: 1 });
    const memory = rememberedMigrations({ due, kept: [] }, steady(after), null);
    expect(pendingContracts({ ...steady(after), ...memory })).toEqual([]);
  });

  test("what is not run yet is pending only while the release is alone", () => {
    expect(pendingContracts(steady(after)).map(({ id }) => id)).toEqual(["0005-clear"]);
    expect(pendingContracts(at100)).toEqual([]);
  });
});

describe("how a migration is told from another", () => {
  const spec = (more: object = {}) =>
    migrationSpec.parse({ id: "0001-a", phase: "expand", image: `a@sha256:${"a".repeat(64)}`, ...more });

  test.each([
    ["another image", { image: `a@sha256:${"b".repeat(64)}` }],
    ["another command", { command: ["other"] }],
    ["another variable", { env: { A: "1" } }],
    ["another way back", { reversible: true, down: { command: ["down"] } }],
  ])("%s makes it another one", (_, more) => {
    expect(checksum(spec(more))).not.toBe(checksum(spec()));
  });

  test.each([
    ["how long it may take", { deadline: "5m" }],
    ["how often it is tried", { retries: 3 }],
    ["that it is declared reversible", { reversible: true }],
  ])("%s does not", (_, more) => {
    expect(checksum(spec(more))).toBe(checksum(spec()));
  });

  test("its own saying goes before all of it", () => {
    expect(checksum(spec({ checksum: "v1", command: ["a"] }))).toBe(
      checksum(spec({ checksum: "v1", command: ["b"] })),
    );
  });

  test("what the baseline has is not added again, whatever else is", () => {
    expect(addedMigrations(after, before).map(({ id }) => id)).not.toContain(orders.id);
    expect(addedMigrations(after, null)).toHaveLength(5);
    expect(addedMigrations(after, after)).toEqual([]);
  });

  test("a Job's name is another for each release, attempt and direction, and one that Kubernetes takes", () => {
    const longest = { ...turn, id: `0009-${"x".repeat(20)}` };
    const release = migrating("1.1.0", [orders, longest, clear]);
    const run = runOf(release, longest.id);
    const names = [
      run,
      { ...run, attempt: 2 },
      { ...run, direction: "down" as const },
      { ...run, release: before.id },
    ];
    expect(new Set(names.map(jobName)).size).toBe(4);
    for (const one of names) expect(jobName(one)).toMatch(/^[a-z0-9][-a-z0-9]{0,52}[a-z0-9]$/);
  });
});
