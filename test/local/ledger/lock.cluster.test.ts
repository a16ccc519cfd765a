import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../sample/eventually";
import { Ledger, live, request } from "./harness";
import { Relay } from "./relay";

jest.setTimeout(90_000);

const forever = "echo started; exec sleep 3600";

describe("the ledger's lock", () => {
  let ledger: Ledger;
  let url: string;

  beforeAll(async () => {
    ledger = await Ledger.start();
  });
  afterAll(() => ledger.remove());
  beforeEach(async () => {
    url = await ledger.postgres.database();
  });

  const cutOff = () =>
    ledger.postgres.query(
      url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ledger canary%'",
    );
  /** Holds the lock until the test lets it go. */
  const holding = async () => {
    const run = ledger.begin(url, request({ migration: { id: "0001-holds" } }), forever);
    await run.said("started");
    return run;
  };

  it("lets one of several run a migration; the others find it done", async () => {
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => ledger.run(url, request(), "echo ran")));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(runs.filter(({ stdout }) => stdout === "ran\n")).toHaveLength(1);
    expect((await ledger.status(url)).runs).toHaveLength(1);
  });

  it("is waited for, and its holder is named", async () => {
    const holder = await holding();
    const stable = ledger.begin(
      url,
      request({ channel: "stable", migration: { id: "0003-waits" } }),
      "echo ran",
    );
    await stable.said("ledger: waiting: the lock is held by ledger canary 1.1.0 0001-holds (process ");
    expect((await ledger.status(url)).lock).toMatch(/^ledger canary 1\.1\.0 0001-holds \(process \d+ of /);
    holder.kill("SIGTERM");
    expect((await holder.ended).code).toBe(143);
    expect(await stable.ended).toMatchObject({ code: 0, stdout: "ran\n" });
  });

  it("is not waited for longer than allowed", async () => {
    const holder = await holding();
    const late = await ledger.run(url, request({ lockWithinSeconds: 0 }), "echo ran");
    expect(late).toMatchObject({ code: 4, stdout: "" });
    expect(late.stderr).toContain(
      "the lock of the database was not obtained within 0s: the lock is held by ledger canary 1.1.0 0001-holds",
    );
    holder.kill("SIGTERM");
    await holder.ended;
  });

  it("is another one in every database", async () => {
    const holder = await holding();
    const other = await ledger.postgres.database();
    expect((await ledger.run(other, request({ lockWithinSeconds: 0 }))).code).toBe(0);
    expect((await ledger.status(other)).lock).toBeNull();
    holder.kill("SIGTERM");
    await holder.ended;
  });

  it("does not keep another channel from recording its releases while a backfill runs", async () => {
    const backfill = ledger.begin(url, request({ migration: { phase: "backfill" } }), forever);
    await backfill.said("started");
    const recorded = await ledger.record(url, {
      channel: "stable",
      lockWithinSeconds: 0,
      live: [live("1.0.0")],
    });
    expect(recorded.code).toBe(0);
    expect(await ledger.live(url)).toEqual(["canary 1.0.0", "canary 1.1.0", "stable 1.0.0"]);
    backfill.kill("SIGTERM");
    expect((await backfill.ended).code).toBe(143);
  });

  it.each([
    { phase: "contract", live: [live("1.1.0")] },
    { direction: "down", live: [live("1.0.0")] },
  ])("keeps a release from going live while what it may need is taken away: %j", async (taking) => {
    await ledger.run(url, request({ migration: { phase: "backfill" } }), "exit 1");
    const { live: left, ...migration } = taking;
    const takes = ledger.begin(url, request({ transition: "finalize", live: left, migration }), forever);
    await takes.said("started");
    const late = await ledger.record(url, { channel: "stable", lockWithinSeconds: 0, live: [live("1.0.0")] });
    expect(late.code).toBe(4);
    expect(late.stderr).toContain("the lock is held by ledger canary 1.1.0 0002-note");
    takes.kill("SIGTERM");
    await takes.ended;
    expect((await ledger.record(url, { channel: "stable", live: [live("1.0.0")] })).code).toBe(0);
  });

  it("is given up waiting for when the pod is told to end", async () => {
    const holder = await holding();
    const waits = ledger.begin(url, request(), "echo ran");
    await waits.said("waiting");
    waits.kill("SIGTERM");
    expect(await waits.ended).toMatchObject({ code: 4, stdout: "" });
    holder.kill("SIGTERM");
    await holder.ended;
  });

  it("does not stand in the way of an index that the command makes concurrently", async () => {
    await ledger.postgres.query(url, "create table orders (id int)");
    const gate = join(ledger.dir, "gate");
    execFileSync("mkfifo", [gate]);
    const index = `psql -qX -d '${url}' -c 'create index concurrently on orders (id)'`;
    const env = { PATH: `/usr/lib/postgresql/15/bin:${process.env.PATH}` };
    const script = `echo started; read line < ${gate}; ${index} && echo indexed`;
    const builds = ledger.begin(url, request(), script, { env });
    await builds.said("started");
    const waits = ledger.begin(url, request({ migration: { id: "0003-waits" } }), "true");
    await waits.said("waiting");
    writeFileSync(gate, "go\n");
    expect(await builds.ended).toMatchObject({ code: 0, stdout: "started\nindexed\n" });
    expect((await waits.ended).code).toBe(0);
  });

  it("ends the command when it is lost; the run is not marked, and repeated", async () => {
    const run = ledger.begin(url, request(), forever);
    await run.said("started");
    await cutOff();
    const ended = await run.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain(
      "the lock is lost (terminating connection due to administrator command (57P01))",
    );
    expect(ended.stderr).toContain("the run is not marked and will be repeated; the command ended with 143");
    expect(await ledger.state(url)).toBe("running");
    const again = await ledger.run(url, request(), "echo again");
    expect(again).toMatchObject({ code: 0, stdout: "again\n" });
    expect(again.stderr).toContain("the run of canary 1.1.0 at ");
    const { migrations, runs } = await ledger.status(url);
    expect(migrations).toMatchObject([{ state: "applied" }]);
    expect(runs).toMatchObject([{ exitCode: 0 }, { exitCode: null, finishedAt: null }]);
  });

  it("once lost is not marked as applied either, though the command says that all went well", async () => {
    const run = ledger.begin(url, request(), "trap 'exit 0' TERM; echo started; sleep 3600 & wait");
    await run.said("started");
    await cutOff();
    const ended = await run.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("the command ended with 0");
    expect(await ledger.state(url)).toBe("running");
  });

  it("once lost ends a command that does not listen", async () => {
    const run = ledger.begin(url, request(), "trap '' TERM; echo started; while true; do sleep 1; done");
    await run.said("started");
    await cutOff();
    const ended = await run.ended;
    expect(ended.stderr).toContain("the command did not end in time: killing it");
    expect(ended.code).toBe(4);
  });

  it("is lost with the network, which says nothing", async () => {
    const network = await Relay.before(url);
    const run = ledger.begin(network.url(url), request(), forever);
    await run.said("started");
    network.cut();
    const ended = await run.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("the lock is lost (no answer in time)");
    network.close();
    await eventually(async () => expect((await ledger.status(url)).lock).toBeNull());
    expect((await ledger.run(url, request())).code).toBe(0);
  });

  it("is lost with PostgreSQL, and the next run goes on as soon as that is back", async () => {
    const run = ledger.begin(url, request(), forever);
    await run.said("started");
    await ledger.postgres.down();
    expect((await run.ended).code).toBe(4);
    const next = ledger.begin(url, request(), "echo ran");
    await next.said("ledger: waiting: the database does not answer: ");
    await ledger.postgres.up();
    expect(await next.ended).toMatchObject({ code: 0, stdout: "ran\n" });
    expect(await ledger.state(url)).toBe("applied");
  });

  it("is lost when PostgreSQL crashes; what was marked before stays, and the next run waits for its recovery", async () => {
    await ledger.run(url, request({ migration: { id: "0001-before" } }));
    const run = ledger.begin(url, request(), forever);
    await run.said("started");
    const [backend] = await ledger.postgres.query(
      url,
      "select pid from pg_stat_activity where application_name like 'ledger canary%'",
    );
    process.kill(backend!.pid as number, "SIGKILL");
    const next = ledger.begin(url, request(), "echo ran");
    expect((await run.ended).code).toBe(4);
    expect(await next.ended).toMatchObject({ code: 0, stdout: "ran\n" });
    const { migrations, runs } = await ledger.status(url);
    expect(migrations.map(({ id, state }) => [id, state])).toEqual([
      ["0001-before", "applied"],
      ["0002-note", "applied"],
    ]);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, null, 0]);
  });

  it("is lost with its own process, whose command is ended; the next run repeats it", async () => {
    const run = ledger.begin(url, request(), "echo started $$.; exec sleep 3600");
    await run.said(".");
    const command = /started (\d+)\./.exec(run.stdout)![1]!;
    run.kill("SIGKILL");
    await run.ended;
    await eventually(() => expect(() => readFileSync(`/proc/${command}/cmdline`, "utf8")).toThrow("ENOENT"));
    expect(await ledger.state(url)).toBe("running");
    expect(await ledger.run(url, request(), "echo again")).toMatchObject({ code: 0, stdout: "again\n" });
    expect(await ledger.state(url)).toBe("applied");
  });

  it("is not trusted to a connection pooler", async () => {
    const pooler = await Relay.before(url, { pooler: true });
    const ended = await ledger.run(pooler.url(url), request(), "echo ran");
    pooler.close();
    expect(ended).toMatchObject({ code: 3, stdout: "" });
    expect(ended.stderr).toContain("LEDGER_URL leads to a connection pooler");
  });
});
