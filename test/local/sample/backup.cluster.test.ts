import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import addFormats from "ajv-formats";
import schema from "../../../evidence/schemas/backup.json";
import { BackupBench, orders } from "./backup-bench";
import { eventually } from "./eventually";
import { shopOfTests } from "./shop";

jest.setTimeout(120_000);

const { programs, postgres } = shopOfTests();
let bench: BackupBench;

beforeEach(async () => {
  bench = await BackupBench.create(postgres, programs);
});
afterEach(() => bench.remove());

describe("a backup", () => {
  it("is what it says, and an item of the evidence", async () => {
    const answer = await bench.backup("canary-1");
    const file = join(bench.volume, "canary-1.dump");
    const ajv = new Ajv({ strict: false });
    addFormats(ajv);
    expect(ajv.validate(schema.properties.stores.items, answer)).toBe(true);
    expect(answer).toMatchObject({
      name: new URL(bench.database).pathname.slice(1),
      location: file,
      size_bytes: statSync(file).size,
      sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
      restore_test: { passed: true },
    });
    expect(bench.files()).toEqual(["canary-1.dump"]);
    expect(await bench.scratchDatabases()).toEqual([]);
  });

  it("holds one moment, while others write", async () => {
    bench.inFrontOf("pg_dump", 'touch "$FLAG"; while [ -e "$FLAG" ]; do :; done; exec "$REAL" "$@"');
    const running = await bench.start({ BACKUP_NAME: "canary-1" });
    await eventually(() => statSync(bench.flag));
    await bench.query(orders(50));
    rmSync(bench.flag);
    expect((await running.ended()).code).toBe(0);
    const { tables } = await bench.compare("canary-1.dump");
    expect(tables.find(({ table }: { table: string }) => table === "public.orders")).toMatchObject({
      ...{ now: 150, inBackup: 100, newer: 50, changed: 0, deleted: 0 },
    });
  });

  it("hands its password to nobody else", async () => {
    bench.inFrontOf("pg_dump", 'tr "\\0" "\\n" < /proc/$$/cmdline > "$FLAG"; exec "$REAL" "$@"');
    const url = new URL(bench.database);
    url.password = "hunter2";
    const { code, output } = await bench.run({ BACKUP_NAME: "canary-1", DATABASE_URL: url.toString() });
    expect(code).toBe(0);
    expect(readFileSync(bench.flag, "utf8")).toContain("--snapshot");
    expect(readFileSync(bench.flag, "utf8")).not.toContain("hunter2");
    expect(output).not.toContain("hunter2");
  });

  it.each([
    [
      "a cut dump",
      '"$REAL" "$@" || exit; while [ "$1" != --file ]; do shift; done; truncate -s -2000 "$2"',
      /pg_restore failed/,
    ],
    [
      "a dump without the rows of a table",
      '"$REAL" --exclude-table-data public.orders "$@"',
      /public\.orders has 0 rows instead of 100/,
    ],
    [
      "a dump without a table",
      '"$REAL" --exclude-table public.products "$@"',
      /pg_restore failed.*products|public\.products is missing/,
    ],
    [
      "a dump that fails",
      'echo "pg_dump: error: query failed: ERROR: out of patience" >&2; exit 1',
      /^pg_dump failed \(exit code 1\): pg_dump: error: query failed: ERROR: out of patience\n$/,
    ],
  ])("is not made of %s", async (_, script, message) => {
    bench.inFrontOf("pg_dump", script);
    const { code, output } = await bench.run({ BACKUP_NAME: "canary-1" });
    expect(code).toBe(1);
    expect(output).toMatch(message);
    expect(output.trimEnd().split("\n")).toHaveLength(1);
    expect(bench.files()).toEqual([]);
    expect(await bench.scratchDatabases()).toEqual([]);
  });

  it("says that its volume is full, and leaves no part of itself there", async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", bench.volume]);
    try {
      await bench.query(orders(20_000));
      const { code, output } = await bench.run({ BACKUP_NAME: "canary-1" });
      expect(code).toBe(1);
      expect(output).toBe(
        `the backups' volume ${bench.volume} is full: remove old backups, or make it larger\n`,
      );
      expect(bench.files()).toEqual([]);
    } finally {
      execFileSync("umount", [bench.volume]);
    }
  });

  it("waits for another one of the same database", async () => {
    const runs = await Promise.all(["canary-1", "canary-2"].map((name) => bench.run({ BACKUP_NAME: name })));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(bench.files()).toEqual(["canary-1.dump", "canary-2.dump"]);
  });

  it("fails when its connection is lost in the middle, and can be taken again", async () => {
    bench.inFrontOf("pg_dump", 'touch "$FLAG"; while [ -e "$FLAG" ]; do :; done; exec "$REAL" "$@"');
    const running = await bench.start({ BACKUP_NAME: "canary-1" });
    await eventually(() => statSync(bench.flag));
    await bench.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    rmSync(bench.flag);
    const { code, output } = await running.ended();
    expect(code).toBe(1);
    expect(output).toMatch(/^pg_dump failed .*snapshot.*\n$/);
    bench.nothingInFront();
    await bench.backup("canary-1");
    expect(bench.files()).toEqual(["canary-1.dump"]);
  });

  it("says that the database cannot be reached", async () => {
    const url = "postgresql://shop:hunter2@127.0.0.1:1/shop";
    const { code, output } = await bench.run({ BACKUP_NAME: "canary-1", DATABASE_URL: url });
    expect(code).toBe(1);
    expect(output).toMatch(/^the database shop at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.*\n$/);
    expect(output).not.toContain("hunter2");
  });

  it("says that the role may not create a scratch database", async () => {
    await postgres.query(postgres.url("postgres"), "create role clerk login");
    const scratch = new URL(bench.database);
    scratch.username = "clerk";
    const env = { BACKUP_NAME: "canary-1", SCRATCH_DATABASE_URL: scratch.toString() };
    const { code, output } = await bench.run(env);
    expect(code).toBe(1);
    expect(output).toMatch(/permission denied to create database \(role clerk; SCRATCH_DATABASE_URL names/);
  });

  it.each([
    [{ BACKUP_NAME: "../canary" }, /BACKUP_NAME: expected letters/],
    [{}, /BACKUP_NAME/],
    [{ BACKUP_NAME: "a", DATABASE_URL: "hunter2" }, /DATABASE_URL: expected a URL such as/],
    [{ BACKUP_TASK: "destroy" }, /BACKUP_TASK/],
    [{ BACKUP_TASK: "restore", BACKUP_FILE: "a.dump" }, /BACKUP_SHA256/],
    [{ BACKUP_TASK: "compare", BACKUP_FILE: "/etc/x.dump" }, /BACKUP_FILE: expected the name of a file/],
  ] as Record<string, string>[][])("refuses %j", async (env, message) => {
    const { code, output } = await bench.run(env as Record<string, string>);
    expect(code).toBe(1);
    expect(output).toMatch(message as unknown as RegExp);
    expect(output).not.toContain("hunter2");
  });
});

describe("a backup that was killed", () => {
  const waitForParent = 'touch "$FLAG"; exec tail --pid="$PPID" -f /dev/null';

  it.each([
    ["before the dump", "pg_dump", waitForParent],
    ["within the dump", "pg_dump", `"$REAL" "$@"; ${waitForParent}`],
    ["before the restore test", "pg_restore", waitForParent],
    ["within the restore test", "pg_restore", `"$REAL" "$@"; ${waitForParent}`],
  ])("%s is made anew, and nothing of the first try stays", async (_, program, script) => {
    bench.inFrontOf(program, script);
    const running = await bench.start({ BACKUP_NAME: "canary-1" });
    await eventually(() => statSync(bench.flag));
    running.kill();
    await running.ended();
    expect(existsSync(join(bench.volume, "canary-1.dump"))).toBe(false);
    bench.nothingInFront();
    writeFileSync(join(bench.volume, "stable-1.dump.partial"), "of another channel, which is at work");
    // Another transition's: nobody might ever try this one again.
    await bench.backup("canary-2");
    expect(bench.files()).toEqual(["canary-2.dump", "stable-1.dump.partial"]);
    expect(await bench.scratchDatabases()).toEqual([]);
  });

  it("does not keep the next one from replacing what it had made", async () => {
    const first = await bench.backup("canary-1");
    await bench.query(orders(1));
    const second = await bench.backup("canary-1");
    expect(second.sha256).not.toBe(first.sha256);
    expect(bench.files()).toEqual(["canary-1.dump"]);
  });
});
