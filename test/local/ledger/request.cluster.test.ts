import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Ledger, live, request } from "./harness";

jest.setTimeout(60_000);

describe("the ledger's program", () => {
  let ledger: Ledger;
  let url: string;

  beforeAll(async () => {
    ledger = await Ledger.start();
    chmodSync(ledger.dir, 0o755);
  });
  afterAll(() => ledger.remove());
  beforeEach(async () => {
    url = await ledger.postgres.database();
  });

  const schemas = () =>
    ledger.postgres.query(url, "select 1 from pg_namespace where nspname = 'release_channels'");

  it.each([
    ["", "LEDGER_REQUEST is empty"],
    ["{", "LEDGER_REQUEST is not understood by this ledger: unexpected EOF"],
    [`${JSON.stringify(request())} {}`, "LEDGER_REQUEST goes on behind its JSON"],
    [JSON.stringify({ ...request(), force: true }), 'unknown field "force"'],
    [JSON.stringify(request({ product: "" })), "found no product"],
    [JSON.stringify(request({ channel: "" })), "found no channel"],
    [JSON.stringify(request({ transition: "" })), "found no transition"],
    [JSON.stringify(request({ attempt: 0 })), "found attempt 0, expected 1 or more"],
    [JSON.stringify(request({ lockWithinSeconds: -1 })), "found lockWithinSeconds -1"],
    [JSON.stringify({ ...request(), live: undefined }), "found no live, expected a list of releases"],
    [
      JSON.stringify(request({ live: [live("1.1")] })),
      'found live version "1.1", expected one such as 1.2.3',
    ],
    [JSON.stringify(request({ live: [live("1.1.0", { release: "" })] })), "a live release without its id"],
    [JSON.stringify(request({ live: [live("1.1.0", { reads: [] })] })), "only one of writes and reads"],
    [JSON.stringify(request({ migration: null })), "LEDGER_REQUEST names no migration to run"],
    [JSON.stringify(request({ migration: { id: "" } })), "found a migration without id or checksum"],
    [JSON.stringify(request({ migration: { checksum: "" } })), "found a migration without id or checksum"],
    [JSON.stringify(request({ migration: { phase: "shrink" } })), 'found phase "shrink"'],
    [JSON.stringify(request({ migration: { direction: "left" } })), 'found direction "left"'],
    [JSON.stringify(request({ migration: { version: "v1" } })), 'found version "v1"'],
    [
      JSON.stringify(request({ migration: { version: "1.2.0" } })),
      "release 1.2.0 asks for migration 0002-note and is not among the live ones",
    ],
  ])("refuses the request %s", async (text, why) => {
    const env = { LEDGER_URL: url, LEDGER_REQUEST: text };
    const ended = await ledger.spawn(["run", "--", "echo", "ran"], { env }).ended;
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toMatch(/^ledger: refused: [^\n]+\n$/);
    expect(ended.stderr).toContain(why);
    expect(await schemas()).toEqual([]);
  });

  it.each([[[]], [["run"]], [["run", "--"]], [["run", "echo"]], [["install"]], [["frobnicate"]]])(
    "refuses the arguments %j and shows those it knows",
    async (args) => {
      const ended = await ledger.spawn(args, {}).ended;
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain("ledger run -- COMMAND");
    },
  );

  it.each([
    ["", 3, "LEDGER_URL is empty"],
    ["postgresql://shop:s3cret@host:port/shop", 3, "LEDGER_URL is not the URL of a PostgreSQL database"],
    ["postgresql://shop:s3cret@127.0.0.1:1/shop", 4, "connection refused"],
    ["postgresql://shop:s3cret@no-such-host.invalid/shop", 4, "the database does not answer"],
  ])("tells of the URL %j what is wrong with it, without showing it", async (broken, code, why) => {
    const asked = request({ lockWithinSeconds: 0 });
    const ended = await ledger.run(broken, asked);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toContain(why);
    expect(ended.stderr).not.toContain("s3cret");
    if (broken !== "") expect(ended.stderr).not.toContain(broken);
  });

  it("refuses a database that is not there, and a role that is not", async () => {
    const { port } = ledger.postgres;
    for (const wrong of [`postgres@127.0.0.1:${port}/nowhere`, `nobody:s3cret@127.0.0.1:${port}/postgres`]) {
      const ended = await ledger.run(`postgresql://${wrong}`, request());
      expect(ended.code).toBe(3);
      expect(ended.stderr).toMatch(/does not let the ledger in: .* does not exist/);
    }
  });

  it("goes by its URL alone: PGHOST and the like are the command's", async () => {
    const env = {
      PGSSLMODE: "verify-full",
      PGHOST: "no-such-host.invalid",
      PGOPTIONS: "-c default_transaction_read_only=on",
    };
    const run = ledger.begin(url, request(), 'echo "$PGHOST $PGOPTIONS"', { env });
    expect(await run.ended).toMatchObject({
      code: 0,
      stdout: "no-such-host.invalid -c default_transaction_read_only=on\n",
    });
  });

  it("takes LEDGER_* from the command's environment, and leaves the rest", async () => {
    const env = { LEDGER_OTHER: "1", DATABASE_URL: "postgresql://own" };
    const { stdout } = await ledger.begin(url, request(), "env", { env }).ended;
    expect(stdout).not.toContain("LEDGER_");
    expect(stdout).toContain("DATABASE_URL=postgresql://own\n");
  });

  it("hides its own environment from the command, which runs as the same user", async () => {
    const user = { uid: 65534, gid: 65534 };
    const peeking = ledger.begin(url, request(), "cat /proc/$PPID/environ || echo hidden", user);
    expect(await peeking.ended).toMatchObject({ code: 0, stdout: "hidden\n" });
  });

  it("creates its tables on first use only, and tells of the right that needs", async () => {
    const { port } = ledger.postgres;
    const name = new URL(url).pathname.slice(1);
    await ledger.postgres.query(
      url,
      "create role app login; grant usage on schema public to app; revoke create on database postgres from public",
    );
    const asApp = `postgresql://app@127.0.0.1:${port}/${name}`;
    const refused = await ledger.run(asApp, request());
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain(
      `the ledger's tables could not be created: permission denied for database ${name} (42501)`,
    );
    await ledger.postgres.query(url, `grant create on database ${name} to app`);
    expect((await ledger.run(asApp, request())).code).toBe(0);
    await ledger.postgres.query(url, `revoke create on database ${name} from app`);
    expect((await ledger.run(asApp, request({ migration: { id: "0003-x" } }))).code).toBe(0);
  });

  it("needs no more than to read and write its tables once they are there", async () => {
    await ledger.record(url, {});
    const grants = [
      "create role writer login",
      "grant usage on schema release_channels to writer",
      "grant select, insert, update, delete on all tables in schema release_channels to writer",
    ];
    await ledger.postgres.query(url, grants.join(";"));
    const asWriter = Object.assign(new URL(url), { username: "writer" }).href;
    expect((await ledger.run(asWriter, request())).code).toBe(0);
    await ledger.postgres.query(url, "revoke insert on release_channels.run from writer");
    const refused = await ledger.run(asWriter, request({ migration: { id: "0003-x" } }), "echo ran");
    expect(refused).toMatchObject({ code: 3, stdout: "" });
    expect(refused.stderr).toContain("the run could not be begun: permission denied for table run (42501)");
    expect((await ledger.status(url)).migrations).toHaveLength(1);
  });

  it("is not led astray by what the database has as defaults, or has in other schemas", async () => {
    const name = new URL(url).pathname.slice(1);
    const defaults = [
      "search_path to public, pg_catalog",
      "synchronous_commit to off",
      "default_transaction_read_only to on",
    ];
    const disguise = "create function public.pg_backend_pid() returns int language sql as 'select 1'";
    await ledger.postgres.query(url, disguise);
    for (const one of defaults) await ledger.postgres.query(url, `alter database ${name} set ${one}`);
    expect((await ledger.run(url, request())).code).toBe(0);
    expect((await ledger.run(url, request())).stderr).toContain("nothing to do");
  });

  it("leaves tables alone that a newer one made", async () => {
    await ledger.record(url, {});
    await ledger.postgres.query(url, "update release_channels.format set version = 2");
    for (const ended of [await ledger.run(url, request(), "echo ran"), await ledger.record(url, {})]) {
      expect(ended).toMatchObject({ code: 3, stdout: "" });
      expect(ended.stderr).toContain("the ledger's tables are of form 2, this ledger knows 1");
    }
  });

  it("tells the status of a database it was never used on, and leaves nothing there", async () => {
    expect(await ledger.status(url)).toEqual({ lock: null, migrations: [], live: [], runs: [] });
    expect(await schemas()).toEqual([]);
  });

  it("copies itself, again too, and the copy works", async () => {
    const target = join(ledger.dir, "ledger-copy");
    const env = { LEDGER_URL: url };
    const missing = await ledger.spawn(["install", target], { env }).ended;
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain("the ledger could not be copied");
    expect(existsSync(target)).toBe(false);
    const folder = join(ledger.dir, ".");
    for (const _ of [1, 2]) {
      expect(await ledger.spawn(["install", folder], { env }).ended).toMatchObject({ code: 0, stderr: "" });
    }
    expect(statSync(join(folder, "ledger")).mode & 0o777).toBe(0o755);
    expect((await ledger.run(url, request())).code).toBe(0);
  });
});
