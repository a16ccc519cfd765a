import { execFileSync } from "node:child_process";
import { rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { locate } from "../../../local/debian/requirements";
import { answerOf, BackupBench, orders } from "./backup-bench";
import { eventually } from "./eventually";
import { shopOfTests } from "./shop";

jest.setTimeout(120_000);

const { programs, postgres } = shopOfTests();
let bench: BackupBench;

/** Everything that is in the database, as text; without the random word in which a dump is wrapped. */
const contents = (url: string) =>
  execFileSync(join(locate("postgres"), "pg_dump"), ["--no-password", "--dbname", url], {
    encoding: "utf8",
  }).replaceAll(/^\\(un)?restrict .*$/gm, "");

const ledger = `
  create schema release_channels;
  create table release_channels.migration (product text, id text, phase text, state text, channel text,
    version text, finished_at timestamptz, checksum text default 'c1', primary key (product, id));
  create table release_channels.run (number bigint generated always as identity primary key, migration text,
    product text default 'shop');
  create table release_channels.live (product text, channel text, release text, primary key (product, channel, release));
  insert into release_channels.live values ('shop', 'canary', '1-0-0-aaaaaaaa');
  insert into release_channels.migration values ('shop', '0001-orders', 'expand', 'applied', 'canary', '1.0.0', now())`;

/** What a release does after the backup: with its new table pointing at an old one, so that none can go alone. */
const release = `
  create table customers (id bigint generated always as identity primary key, name text not null);
  insert into customers (name) select distinct customer from orders;
  alter table orders add column customer_id bigint references customers (id), add column paid boolean default false;
  create table receipts (id bigint references orders (id), total integer);
  create view open_orders as select o.id, c.name from orders o join customers c on c.id = o.customer_id;
  create type colour as enum ('red', 'blue');
  create function price(item text) returns integer language sql as 'select 1';
  create schema archive;
  create table archive.orders (id bigint, at timestamptz)`;

beforeEach(async () => {
  bench = await BackupBench.create(postgres, programs);
});
afterEach(() => bench.remove());

describe("a comparison", () => {
  it("says of every table what restoring would lose and bring back", async () => {
    await bench.query("create table notes (text text); insert into notes values ('a'), ('b')");
    const { sha256, size_bytes } = await bench.backup();
    await bench.query(orders(7));
    await bench.query("update orders set status = 'shipped' where id <= 3");
    await bench.query("delete from orders where id between 11 and 14");
    await bench.query("drop table notes");
    await bench.query(release);
    const answer = await bench.compare("canary-1.dump");
    expect(answer.backup).toMatchObject({ file: "canary-1.dump", sha256, size_bytes });
    const nothing = { newer: 0, changed: 0, deleted: 0, newColumns: [], onlyCounted: null };
    const gone = { inBackup: null, changed: null, deleted: null, newColumns: [], onlyCounted: null };
    expect(answer.tables).toEqual([
      { table: "archive.orders", now: 0, newer: 0, ...gone },
      { table: "public.customers", now: expect.any(Number), newer: expect.any(Number), ...gone },
      {
        table: "public.notes",
        ...{
          now: null,
          inBackup: 2,
          newer: null,
          changed: null,
          deleted: 2,
          newColumns: [],
          onlyCounted: null,
        },
      },
      {
        table: "public.orders",
        ...{ now: 103, inBackup: 100, newer: 7, changed: 3, deleted: 4, onlyCounted: null },
        newColumns: ["customer_id", "paid"],
      },
      { table: "public.products", now: 3, inBackup: 3, ...nothing },
      { table: "public.receipts", now: 0, newer: 0, ...gone },
      { table: "public.shop_migrations", now: 2, inBackup: 2, ...nothing },
    ]);
    expect(answer.migrations).toBeNull();
    expect(await bench.scratchDatabases()).toEqual([]);
  });

  it("only counts what has no key to compare by, and says so", async () => {
    await bench.query("create table log (line text); insert into log values ('a'), ('b')");
    await bench.backup();
    await bench.query("insert into log values ('c')");
    const { tables } = await bench.compare("canary-1.dump");
    expect(tables.find(({ table }: { table: string }) => table === "public.log")).toMatchObject({
      ...{ now: 3, inBackup: 2, newer: null, changed: null, onlyCounted: "it has no primary key" },
    });
  });

  it("names the migrations that ran since", async () => {
    await bench.query(ledger);
    await bench.backup();
    await bench.query(
      `insert into release_channels.migration values ('shop', '0003-customers', 'expand', 'applied', 'canary', '1.6.0', now());
       update release_channels.migration set state = 'undone' where id = '0001-orders'`,
    );
    const { migrations, tables } = await bench.compare("canary-1.dump");
    expect(migrations).toMatchObject([
      { id: "0001-orders", state: "undone", stateInBackup: "applied" },
      { id: "0003-customers", phase: "expand", state: "applied", stateInBackup: null, version: "1.6.0" },
    ]);
    expect(tables.map(({ table }: { table: string }) => table).join()).not.toContain("release_channels");
  });

  it("goes through a large table in seconds, and finds the one row that differs", async () => {
    await bench.query(orders(50_000));
    await bench.backup();
    await bench.query("update orders set note = 'late' where id = 34567");
    const { tables } = await bench.compare("canary-1.dump");
    expect(tables.find(({ table }: { table: string }) => table === "public.orders")).toMatchObject({
      ...{ now: 50_100, newer: 0, changed: 1, deleted: 0 },
    });
  });

  it("names the backups that there are when asked for another", async () => {
    await bench.backup("canary-1");
    await bench.backup("canary-2");
    const run = await bench.run({ BACKUP_TASK: "compare", BACKUP_FILE: "canary-3.dump" });
    expect(run).toEqual({
      code: 1,
      output: "there is no backup canary-3.dump; there are: canary-2.dump, canary-1.dump\n",
    });
  });
});

describe("a restore", () => {
  it("brings back exactly what was there, whatever was made and dropped since", async () => {
    const before = contents(bench.database);
    const { sha256 } = await bench.backup();
    await bench.query(release);
    await bench.query(orders(5));
    const afterwards = contents(bench.database);
    const answer = answerOf(await bench.restore("canary-1.dump", sha256, { BACKUP_NAME: "canary-2" }));
    expect(contents(bench.database)).toBe(before);
    expect(answer).toMatchObject({
      restored: { file: "canary-1.dump", sha256 },
      backupBefore: { location: join(bench.volume, "canary-2.dump"), restore_test: { passed: true } },
      tables: [
        { table: "public.orders", rows: 100 },
        { table: "public.products", rows: 3 },
        { table: "public.shop_migrations", rows: 2 },
      ],
    });
    // And the way back, by the backup that it took first.
    answerOf(await bench.restore("canary-2.dump", answer.backupBefore.sha256));
    expect(contents(bench.database)).toBe(afterwards);
  });

  it("leaves what the ledger says of today, and takes what it said of migrations", async () => {
    await bench.query(ledger);
    const { sha256 } = await bench.backup();
    await bench.query(
      `insert into release_channels.migration values ('shop', '0003-customers', 'expand', 'applied', 'canary', '1.6.0', now());
       insert into release_channels.run (migration) values ('0003-customers');
       insert into release_channels.live values ('shop', 'stable', '1-6-0-bbbbbbbb')`,
    );
    await bench.query(release);
    const answer = answerOf(await bench.restore("canary-1.dump", sha256));
    const restoredLedger = {
      applied: [{ product: "shop", id: "0001-orders", checksum: "c1" }],
      notApplied: [{ product: "shop", id: "0003-customers" }],
    };
    expect(answer.ledger).toEqual(restoredLedger);
    expect((await bench.compare("canary-1.dump")).ledger).toEqual(restoredLedger);
    const ids = async (table: string, column: string) =>
      (await bench.query(`select ${column} as x from release_channels.${table} order by 1`)).map(
        ({ x }) => x,
      );
    expect(await ids("migration", "id")).toEqual(["0001-orders"]);
    expect(await ids("live", "release")).toEqual(["1-0-0-aaaaaaaa", "1-6-0-bbbbbbbb"]);
    expect(await ids("run", "migration")).toEqual(["0003-customers"]);
    expect((await bench.query("select to_regclass('customers') is null as gone"))[0]).toEqual({ gone: true });
  });

  it("forgets migrations that a ledger younger than the backup knows of", async () => {
    const { sha256 } = await bench.backup();
    await bench.query(ledger);
    answerOf(await bench.restore("canary-1.dump", sha256));
    expect(await bench.query("select count(*)::int as count from release_channels.migration")).toEqual([
      { count: 0 },
    ]);
    expect(await bench.query("select count(*)::int as count from release_channels.live")).toEqual([
      { count: 1 },
    ]);
  });

  it("brings a ledger back where there is none any more", async () => {
    await bench.query(ledger);
    const { sha256 } = await bench.backup();
    await bench.query("drop schema release_channels cascade");
    answerOf(await bench.restore("canary-1.dump", sha256));
    expect(await bench.query("select count(*)::int as count from release_channels.live")).toEqual([
      { count: 1 },
    ]);
  });

  it("loses no row: each acknowledged one is there afterwards, or in the backup that it took first", async () => {
    const { sha256 } = await bench.backup();
    const acknowledged: string[] = [];
    let going = true;
    const writer = async (name: string) => {
      const client = new pg.Client({ connectionString: bench.database });
      await client.connect();
      for (let n = 0; going; n++) {
        const token = `${name}-${n}`;
        await client.query("insert into orders (customer, item, quantity) values ($1, 'mug', 1)", [token]);
        acknowledged.push(token);
      }
      await client.end();
    };
    const writers = Promise.all(["a", "b", "c", "d"].map(writer));
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(50));
    answerOf(await bench.restore("canary-1.dump", sha256, { BACKUP_NAME: "canary-2" }));
    const seen = acknowledged.length;
    await eventually(() => expect(acknowledged.length).toBeGreaterThan(seen + 50));
    going = false;
    await writers;
    const live = (await bench.query("select customer from orders")).map(({ customer }) => customer as string);
    const options = ["--data-only", "--table", "orders", "--file=-", join(bench.volume, "canary-2.dump")];
    const dumped = execFileSync(join(locate("postgres"), "pg_restore"), options, { encoding: "utf8" });
    const there = new Set([...live, ...dumped.split("\n").map((line) => line.split("\t")[1] ?? "")]);
    expect(acknowledged.filter((token) => !there.has(token))).toEqual([]);
  });
});

describe("a restore that fails", () => {
  let before: string;
  let sha256: string;

  beforeEach(async () => {
    ({ sha256 } = await bench.backup());
    await bench.query(release);
    before = contents(bench.database);
  });
  afterEach(async () => {
    expect(contents(bench.database)).toBe(before);
    expect(await bench.scratchDatabases()).toEqual([]);
  });

  it("is another backup than the approved one", async () => {
    await bench.backup("canary-1");
    const { code, output } = await bench.restore("canary-1.dump", sha256);
    expect(code).toBe(1);
    expect(output).toMatch(
      /^the backup canary-1\.dump is not the one that was approved: its sha256 is \w{64}\n$/,
    );
  });

  it("has a cut backup", async () => {
    const file = join(bench.volume, "canary-1.dump");
    truncateSync(file, statSync(file).size - 2000);
    const cut = execFileSync("sha256sum", [file], { encoding: "utf8" }).slice(0, 64);
    const { code, output } = await bench.restore("canary-1.dump", cut);
    expect(code).toBe(1);
    expect(output).toMatch(/pg_restore failed/);
  });

  it.each([
    [
      "breaks off in the middle of a table",
      `case "$*" in *--use-list*) "$REAL" "$@" | head -c 6000; exit 1;; *) exec "$REAL" "$@";; esac`,
      /pg_restore failed/,
    ],
    [
      "comes without the rows of a table",
      `case "$*" in *--use-list*) exec "$REAL" --schema-only "$@";; *) exec "$REAL" "$@";; esac`,
      /it did not become what the backup holds: public\.orders has 0 rows instead of 100/,
    ],
    [
      "meets a statement that fails",
      `case "$*" in *--use-list*) echo "select 1/0;"; exit 0;; *) exec "$REAL" "$@";; esac`,
      /psql failed .*division by zero/,
    ],
  ])("%s", async (_, script, message) => {
    bench.inFrontOf("pg_restore", script);
    const { code, output } = await bench.restore("canary-1.dump", sha256);
    expect(code).toBe(1);
    expect(output).toMatch(message);
  });

  it("cannot take the backup first", async () => {
    bench.inFrontOf("pg_dump", "echo 'pg_dump: error: No space left on device' >&2; exit 1");
    const { code, output } = await bench.restore("canary-1.dump", sha256, { BACKUP_NAME: "canary-2" });
    expect(code).toBe(1);
    expect(output).toMatch(/volume .* is full/);
  });

  it("waits for somebody's transaction no longer than it may", async () => {
    await postgres.session(bench.database, async (other) => {
      await other.query("begin; lock table products in access share mode");
      const { code, output } = await bench.restore("canary-1.dump", sha256, { LOCK_WITHIN_SECONDS: "1" });
      expect(code).toBe(1);
      expect(output).toMatch(/other sessions have kept their locks on the tables for 1 s/);
    });
  });

  it("does not run while a migration does", async () => {
    await postgres.session(bench.database, async (other) => {
      await other.query(`select pg_advisory_lock(x'72656c2d6368616e'::bigint)`);
      const { code, output } = await bench.restore("canary-1.dump", sha256, { LOCK_WITHIN_SECONDS: "1" });
      expect(code).toBe(1);
      expect(output).toMatch(/a migration runs on this database, and has not ended for 1 s/);
    });
  });

  it("is killed in the middle", async () => {
    bench.inFrontOf(
      "pg_restore",
      `case "$*" in *--use-list*) "$REAL" "$@" | head -c 6000; touch "$FLAG"; exec tail --pid="$PPID" -f /dev/null;; *) exec "$REAL" "$@";; esac`,
    );
    const asked = { BACKUP_TASK: "restore", BACKUP_FILE: "canary-1.dump", BACKUP_SHA256: sha256 };
    const running = await bench.start(asked);
    await eventually(() => statSync(bench.flag));
    running.kill();
    await running.ended();
    rmSync(bench.flag);
  });
});

test("a transaction that reads and then writes gets to its end or is told of the deadlock, and the restore goes on", async () => {
  const { sha256 } = await bench.backup();
  await postgres.session(bench.database, async (other) => {
    await other.query("begin; select count(*) from orders");
    const restoring = bench.restore("canary-1.dump", sha256);
    const waiting = "select from pg_locks where not granted and mode = 'AccessExclusiveLock'";
    await eventually(async () => expect(await bench.query(waiting)).not.toEqual([]));
    // Each now waits for the other.
    await other
      .query(
        "set local lock_timeout = '3s'; insert into orders (customer, item, quantity) values ('x', 'tea', 1)",
      )
      .catch(() => undefined);
    await other.query("rollback");
    answerOf(await restoring);
  });
});
