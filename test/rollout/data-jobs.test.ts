import { channelSection } from "../../config/schemas/channel";
import {
  type DataPlanInput,
  dataSettings,
  type JobObservation,
  plannedData,
  reconciliationName,
  rememberedData,
} from "../../rollout/data-jobs";
import { jobName } from "../../rollout/migrations";
import { type ChannelRecord, channelRecord, type Position } from "../../rollout/record";
import { section } from "../components/section";
import {
  after,
  before,
  jobOf,
  ledgerImage,
  migrating,
  orders,
  reconcileImage,
  runOf,
  withData,
} from "./data";
import { completed, recordOf, rolledBack, rolling, steady, withoutData } from "./releases";

type Transition = NonNullable<DataPlanInput["transition"]>;

const step = (kind: Transition["kind"], attempt = 1): Transition => ({ id: "t2", kind, attempt });

function planned(
  from: Position | null,
  to: Position,
  transition: Transition | null,
  more: {
    remembers?: Partial<ChannelRecord>;
    jobs?: JobObservation[];
    settings?: DataPlanInput["settings"];
  } = {},
) {
  const { remembers, jobs = [], settings = withData } = more;
  const record = from === null ? null : recordOf(from, remembers);
  return plannedData({ to, record, transition, settings, jobs });
}

const at10 = rolling(10, after, before);
const at30 = rolling(30, after, before);
const at100 = completed(after, before);
const back = rolledBack(after, before);
const customers = runOf(after, "0002-customers");
const copy = runOf(after, "0003-copy");
const begun = { migrations: [customers, copy] };
const kinds = ({ companions }: ReturnType<typeof planned>) =>
  companions.map(({ job, due }) => `${due ? "new" : "kept"} ${job.kind}`);

describe("a Job of a migration", () => {
  const nameOf = (jobs: JobObservation[], to = at10, transition: Transition | null = null) =>
    planned(at10, to, transition, { remembers: begun, jobs }).migrations.at(-1)?.name;

  test("has one name while it runs, and when it is complete: it is not run again", () => {
    const name = jobName(copy);
    expect(nameOf([])).toBe(name);
    expect(nameOf([jobOf(copy, "running")])).toBe(name);
    expect(nameOf([jobOf(copy)])).toBe(name);
  });

  test("that failed is tried again under the next number, and that one is kept too", () => {
    const name = jobName(copy);
    expect(nameOf([jobOf(copy, "failed")])).toBe(`${name}-2`);
    expect(nameOf([jobOf(copy, "failed"), jobOf(copy, "running", 2)])).toBe(`${name}-2`);
    expect(nameOf([jobOf(copy, "complete", 2)])).toBe(`${name}-2`);
    expect(nameOf([jobOf(copy, "failed", 2), jobOf(copy, "failed", 10)])).toBe(`${name}-11`);
  });

  test.each([
    ["running", true],
    ["failed", true],
    ["complete", false],
  ] as const)("of a backfill that is %s is stopped by a rollback: %s", (status, stopped) => {
    const data = planned(at30, back, step("rollback"), { remembers: begun, jobs: [jobOf(copy, status)] });
    expect(data.migrations.map((one) => [one.run.spec.id, one.stopped])).toEqual([
      [customers.spec.id, false],
      [copy.spec.id, stopped],
    ]);
  });

  test("is not begun anew by looking at a channel that was rolled back", () => {
    const data = planned(back, back, null, { remembers: begun, jobs: [] });
    expect(data.migrations.filter(({ stopped }) => !stopped).map(({ run }) => run.spec.id)).toEqual([
      customers.spec.id,
    ]);
  });

  test("that undoes is tried by three updates, and then the schema stays: the channel goes on", () => {
    const undo = { ...copy, direction: "down" as const };
    const undone = (jobs: JobObservation[]) =>
      planned(back, steady(before), step("finalize"), { remembers: begun, jobs }).migrations.map(
        ({ name }) => name,
      );
    const other = jobName({ ...customers, direction: "down" });
    expect(undone([])).toEqual([jobName(undo), other]);
    expect(undone([jobOf(undo, "failed", 2)])).toEqual([`${jobName(undo)}-3`, other]);
    expect(undone([jobOf(undo, "failed", 3)])).toEqual([other]);
    expect(undone([jobOf(undo, "complete", 3)])).toEqual([`${jobName(undo)}-3`, other]);
  });
});

describe("a copy of the data", () => {
  test.each([
    ["an installation", null, steady(after), "install", ["new backup"]],
    ["a start with migrations", steady(before), at10, "start", ["new backup"]],
    ["an advance that runs none", at10, at30, "advance", []],
    ["the advance that switches", at30, at100, "advance", ["new backup"]],
    ["a rollback", at30, back, "rollback", []],
    ["the finalize that contracts", steady(after), steady(after), "finalize", ["new backup"]],
  ] as const)("%s", (_, from, to, kind, expected) => {
    const remembers = kind === "start" ? {} : begun;
    expect(kinds(planned(from, to, step(kind), { remembers }))).toEqual(expected);
  });

  test("is not made before undoing: nothing is to be kept of it", () => {
    expect(kinds(planned(back, steady(before), step("finalize"), { remembers: begun }))).toEqual([]);
  });

  test("is not made where none is asked for", () => {
    const settings = { ...withData, backup: false };
    expect(kinds(planned(steady(before), at10, step("start"), { settings }))).toEqual([]);
  });

  test("stays one of its release and transition while the rollout goes on, and goes with it", () => {
    const start = planned(steady(before), at10, step("start"));
    const [made] = start.companions;
    expect(made?.job).toMatchObject({ release: after.id, version: "1.1.0" });
    const remembers = rememberedData(start, at10, null);
    expect(planned(at10, at30, step("advance"), { remembers }).companions).toEqual([{ ...made, due: false }]);
    expect(planned(at10, at10, null, { remembers }).companions).toEqual([{ ...made, due: false }]);
    expect(kinds(planned(back, steady(before), step("finalize"), { remembers }))).toEqual([]);
  });
});

describe("a copy that was made by an update that did not get to its end", () => {
  test("is found by the one that repeats it, and made anew where it failed", () => {
    const begun = planned(steady(before), at10, step("start")).companions[0]!;
    const jobs = (status: "complete" | "failed") => [{ run: begun.run, attempt: 1, status, says: null }];
    const repeated = (status: "complete" | "failed") =>
      planned(steady(before), at10, { ...step("start"), id: "t3" }, { jobs: jobs(status) }).companions[0];
    expect(repeated("complete")?.name).toBe(begun.name);
    expect(repeated("failed")?.name).toBe(`${begun.run}-2`);
  });
});

describe("the ledger's own entry of what is live", () => {
  const plain = migrating("1.1.0", [orders]);
  const entries = (from: Position | null, to: Position, kind: Transition["kind"], settings = withData) =>
    kinds(planned(from, to, step(kind), { settings })).filter((one) => one.includes("ledger"));

  test.each([
    [
      "is written where a release comes in without a migration",
      steady(before),
      rolling(10, plain, before),
      "start",
    ],
    ["and where one goes", completed(plain, before), steady(plain), "finalize"],
    ["or is cleared away", rolledBack(plain, before), steady(before), "finalize"],
  ] as const)("%s", (_, from, to, kind) => {
    expect(entries(from, to, kind)).toEqual(["new ledger"]);
  });

  test.each([
    ["migrations enter it themselves", steady(before), at10, "start"],
    ["the same two stay live", rolling(10, plain, before), rolling(30, plain, before), "advance"],
    [
      "a rollback needs nothing of the database",
      rolling(10, plain, before),
      rolledBack(plain, before),
      "rollback",
    ],
    ["not even one of a start that was not recorded", steady(before), rolledBack(plain, before), "rollback"],
    ["weights are only put right", steady(before), steady(before), "correct"],
  ] as const)("is not written where %s", (_, from, to, kind) => {
    expect(entries(from, to, kind)).toEqual([]);
  });

  test("is not written without a ledger, in the section or in the release", () => {
    expect(entries(steady(before), rolling(10, plain, before), "start", withoutData)).toEqual([]);
    const without = (release: typeof plain) => ({ ...release, ledger: undefined });
    expect(entries(steady(without(before)), rolling(10, without(plain), without(before)), "start")).toEqual(
      [],
    );
  });

  test("is run in the image that the release names", () => {
    const [entry] = planned(steady(before), rolling(10, plain, before), step("start")).companions;
    expect(entry?.job.ledger).toEqual({ image: ledgerImage });
  });
});

describe("the comparison of the forms of the data", () => {
  const comparing = migrating("1.1.0", [orders], { reconciliation: { image: reconcileImage } });
  const weights = (data: ReturnType<typeof planned>) => data.reconciliations.map(({ weight }) => weight);

  test.each([
    [rolling(10, comparing, before), [10]],
    [rolling(17, comparing, before), [10]],
    [rolling(5, comparing, before), []],
    [rolling(30, comparing, before), [10, 30]],
    [completed(comparing, before), [10, 30, 100]],
    [rolledBack(comparing, before), []],
    [steady(comparing), []],
  ])("is made once for each stage that was reached (%#)", (position, expected) => {
    expect(weights(planned(position, position, null))).toEqual(expected);
  });

  test("goes by the record's attempt where nothing is done, and by the transition's otherwise", () => {
    const position = rolling(10, comparing, before);
    const names = (attempt: number) => [reconciliationName(comparing, 10, attempt)];
    const runs = (data: ReturnType<typeof planned>) => data.reconciliations.map(({ run }) => run);
    expect(runs(planned(position, position, null, { remembers: { attempt: 3 } }))).toEqual(names(3));
    expect(runs(planned(position, position, step("correct", 4)))).toEqual(names(4));
  });

  test("that found a difference is made again", () => {
    const position = rolling(10, comparing, before);
    const run = reconciliationName(comparing, 10, 1);
    const jobs: JobObservation[] = [{ run, attempt: 1, status: "failed", says: "2 rows differ" }];
    expect(planned(position, position, null, { jobs }).reconciliations).toMatchObject([
      { run, name: `${run}-2` },
    ]);
  });

  test("waits until the backfills of its release are complete", () => {
    expect(weights(planned(steady(before), at10, step("start")))).toEqual([]);
    const look = (jobs: JobObservation[]) => weights(planned(at10, at10, null, { remembers: begun, jobs }));
    expect(look([])).toEqual([]);
    expect(look([jobOf(copy, "running")])).toEqual([]);
    expect(look([jobOf(copy)])).toEqual([10]);
  });
});

describe("what the record keeps of it", () => {
  test("is read back as it was written", () => {
    const data = rememberedData(planned(steady(before), at10, step("start")), at10, null);
    const record = recordOf(at10, data);
    expect(channelRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
    expect(data.migrations.map(({ spec }) => spec.id)).toEqual(["0002-customers", "0003-copy"]);
  });

  test("after an update that changes nothing is what it was", () => {
    const first = rememberedData(planned(steady(before), at10, step("start")), at10, null);
    const again = rememberedData(
      planned(at10, at10, null, { remembers: first }),
      at10,
      recordOf(at10, first),
    );
    expect(again).toEqual(first);
  });

  test("of a channel that neither copies nor keeps a ledger: migrations only", () => {
    const data = planned(steady(before), at10, step("start"), { settings: withoutData });
    expect(data.companions).toEqual([]);
    expect(data.migrations).toHaveLength(2);
  });
});

test("the channel's section says whether there is a ledger, and whether a copy is made", () => {
  const url = { name: "shop-database", key: "ledger-url" };
  const job = { image: ledgerImage, volumeClaim: "backups" };
  const { gateway } = section;
  const of = (more: object) =>
    dataSettings(
      channelSection.parse({ product: "shop", namespace: "shop", gateway, services: {}, ...more }),
    );
  expect(of({})).toEqual(withoutData);
  expect(of({ migrations: { ledger: { url } }, backup: { job } })).toEqual(withData);
  expect(of({ backup: { evidence: "recovery" } })).toEqual(withoutData);
});
