import { Ledger, live, request } from "./harness";

jest.setTimeout(60_000);

describe("a migration under the ledger", () => {
  let ledger: Ledger;
  let url: string;

  beforeAll(async () => {
    ledger = await Ledger.start();
  });
  afterAll(() => ledger.remove());
  beforeEach(async () => {
    url = await ledger.postgres.database();
  });

  it("is run once: the second time there is nothing to do, and it says since when", async () => {
    const first = await ledger.run(url, request(), "echo ran");
    expect(first).toMatchObject({ code: 0, stdout: "ran\n" });
    const second = await ledger.run(url, request(), "echo ran");
    expect(second).toMatchObject({ code: 0, stdout: "" });
    expect(second.stderr).toMatch(
      /0002-note: already applied by canary 1\.1\.0 at \d{4}-\S+Z; nothing to do\n$/,
    );
    const { migrations, runs, lock } = await ledger.status(url);
    expect(migrations).toMatchObject([{ id: "0002-note", state: "applied", version: "1.1.0" }]);
    expect(runs).toHaveLength(1);
    expect(lock).toBeNull();
  });

  it("is not run by another channel that comes to the same release", async () => {
    await ledger.run(url, request());
    const stable = request({ channel: "stable", live: [live("1.0.0"), live("1.1.0", { writes: 2 })] });
    const second = await ledger.run(url, stable, "echo ran");
    expect(second).toMatchObject({ code: 0, stdout: "" });
    expect(second.stderr).toContain("already applied by canary 1.1.0");
  });

  it.each([
    [1, 1],
    [77, 77],
    // These two mean something else here; psql ends with 3 where a script fails.
    [3, 1],
    [4, 1],
  ])("that ends with %d has failed, tells %d, and is run again", async (code, told) => {
    const failed = await ledger.run(url, request(), `exit ${code}`);
    expect(failed.code).toBe(told);
    expect(await ledger.state(url)).toBe("failed");
    expect((await ledger.run(url, request())).code).toBe(0);
    const { migrations, runs } = await ledger.status(url);
    expect(migrations).toMatchObject([{ state: "applied" }]);
    expect(runs).toMatchObject([{ exitCode: 0 }, { exitCode: code }]);
  });

  it.each([
    ["no-such-program", 127],
    ["/etc/passwd", 126],
  ])("whose command %s cannot be started ends with %d", async (program, code) => {
    const env = { LEDGER_URL: url, LEDGER_REQUEST: JSON.stringify(request()) };
    const ended = await ledger.spawn(["run", "--", program], { env }).ended;
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(`the command ${program} could not be started`);
    expect(await ledger.state(url)).toBe("failed");
  });

  describe("with another checksum", () => {
    const changed = request({ migration: { checksum: "c2" } });

    it("is refused once it was applied", async () => {
      await ledger.run(url, request());
      const refused = await ledger.run(url, changed, "echo ran");
      expect(refused).toMatchObject({ code: 3, stdout: "" });
      expect(refused.stderr).toContain(
        "ledger: refused: migration 0002-note was applied by canary 1.1.0 at ",
      );
      expect(refused.stderr).toContain("with checksum c1, and is c2 now");
    });

    it("is run where the one before it had failed", async () => {
      await ledger.run(url, request(), "exit 1");
      expect((await ledger.run(url, changed)).code).toBe(0);
      expect((await ledger.status(url)).migrations).toMatchObject([{ state: "applied", checksum: "c2" }]);
    });
  });

  describe("that is undone", () => {
    const down = request({ transition: "finalize", live: [live("1.0.0")], migration: { direction: "down" } });

    it.each(["true", "exit 1"])("after a run that was `%s`, is undone once", async (script) => {
      await ledger.run(url, request(), script);
      expect(await ledger.run(url, down, "echo undid")).toMatchObject({ code: 0, stdout: "undid\n" });
      expect(await ledger.state(url)).toBe("undone");
      const again = await ledger.run(url, down, "echo undid");
      expect(again).toMatchObject({ code: 0, stdout: "" });
      expect(again.stderr).toContain("already undone by canary 1.1.0");
      expect((await ledger.status(url)).runs.map(({ direction }) => direction)).toEqual(["down", "up"]);
    });

    it("was never applied: nothing to do", async () => {
      const ended = await ledger.run(url, down, "echo undid");
      expect(ended).toMatchObject({ code: 0, stdout: "" });
      expect(ended.stderr).toContain("never applied; nothing to do");
    });

    it("can fail, and is undone again", async () => {
      await ledger.run(url, request());
      expect((await ledger.run(url, down, "exit 9")).code).toBe(9);
      expect(await ledger.state(url)).toBe("failed");
      expect((await ledger.run(url, down)).code).toBe(0);
      expect(await ledger.state(url)).toBe("undone");
    });

    it("is run again by a new attempt only", async () => {
      await ledger.run(url, request());
      await ledger.run(url, down);
      const same = await ledger.run(url, request(), "echo ran");
      expect(same).toMatchObject({ code: 3, stdout: "" });
      expect(same.stderr).toContain("in attempt 1, and this is attempt 1: raise attempt to run it again");
      expect(await ledger.run(url, request({ attempt: 2 }), "echo ran")).toMatchObject({
        code: 0,
        stdout: "ran\n",
      });
    });

    it("is run again by the release that mends it, which has attempts of its own", async () => {
      await ledger.run(url, request());
      await ledger.run(url, down);
      const mended = request({ live: [live("1.0.0"), live("1.1.1")], migration: { version: "1.1.1" } });
      expect(await ledger.run(url, mended, "echo ran")).toMatchObject({ code: 0, stdout: "ran\n" });
    });

    it("is run again by another channel, which counts its own attempts", async () => {
      await ledger.run(url, request());
      await ledger.run(url, down);
      const stable = request({ channel: "stable" });
      expect(await ledger.run(url, stable, "echo ran")).toMatchObject({ code: 0, stdout: "ran\n" });
    });

    it("is refused while a release of another channel needs it, and done when that one is gone", async () => {
      await ledger.run(url, request());
      const needs = live("1.1.0", { migrations: ["0002-note"] });
      await ledger.record(url, { channel: "stable", live: [needs] });
      const refused = await ledger.run(url, down, "echo undid");
      expect(refused).toMatchObject({ code: 3, stdout: "" });
      expect(refused.stderr).toContain(
        "migration 0002-note is not undone while release 1.1.0 of stable needs it",
      );
      await ledger.record(url, { channel: "stable", transition: "back", live: [live("1.0.0")] });
      expect((await ledger.run(url, down)).code).toBe(0);
    });

    it("is refused while another release of the same channel needs it, but not for the one that asks", async () => {
      await ledger.run(url, request());
      const own = live("1.1.0", { migrations: ["0002-note"] });
      const other = live("1.2.0", { migrations: ["0002-note"] });
      const asks = (releases: (typeof own)[]) =>
        request({ transition: "finalize", live: releases, migration: { direction: "down" } });
      expect((await ledger.run(url, asks([own, other]))).code).toBe(3);
      expect((await ledger.run(url, asks([own]))).code).toBe(0);
    });
  });

  describe("that contracts", () => {
    const contract = request({
      transition: "finalize",
      live: [live("1.2.0")],
      migration: { id: "0004-drop", phase: "contract", version: "1.2.0" },
    });

    it.each([
      ["older", "1.1.0", 3],
      ["a candidate of the same version", "1.2.0-rc.1", 3],
      ["the same", "1.2.0", 0],
      ["newer", "1.10.0", 0],
    ])("with one live elsewhere that is %s (%s) ends with %d", async (_, version, code) => {
      await ledger.record(url, { channel: "stable", live: [live(version)] });
      const ended = await ledger.run(url, contract);
      expect(ended.code).toBe(code);
      if (code === 3) {
        expect(ended.stderr).toContain(`what release ${version} of stable may use, which is live and older`);
      }
    });

    it("is refused while an older one of its own channel is live, and run when that one is retired", async () => {
      const early = { ...contract, transition: "complete", live: [live("1.1.0"), live("1.2.0")] };
      expect((await ledger.run(url, early)).stderr).toContain("release 1.1.0 of canary may use");
      expect((await ledger.run(url, contract)).code).toBe(0);
    });

    it("does not look at other products: their versions say nothing here", async () => {
      await ledger.record(url, { product: "billing", channel: "stable", live: [live("0.1.0")] });
      expect((await ledger.run(url, contract)).code).toBe(0);
    });
  });

  describe("of a release that writes what another one on the database does not read", () => {
    it.each([
      ["stable", "release 1.1.0 of canary writes schema 2, and release 0.9.0 of stable on the same database"],
      ["beta", "release 1.1.0 of canary writes schema 2, and release 0.9.0 of beta on the same database"],
    ])("is refused and names the pair (%s)", async (channel, pair) => {
      await ledger.record(url, { channel, live: [live("0.9.0", { reads: [1] })] });
      const refused = await ledger.run(url, request(), "echo ran");
      expect(refused).toMatchObject({ code: 3, stdout: "" });
      expect(refused.stderr).toContain(`${pair} reads 1 only`);
    });

    it("is refused the other way round too: it has to read what others write", async () => {
      await ledger.record(url, { channel: "stable", live: [live("0.9.0", { writes: 0, reads: [0, 1, 2] })] });
      const refused = await ledger.run(url, request());
      expect(refused.code).toBe(3);
      expect(refused.stderr).toContain("release 0.9.0 of stable writes schema 0");
    });

    it("is refused within one channel", async () => {
      const pair = [live("1.0.0", { reads: [1] }), live("1.1.0", { writes: 2 })];
      const refused = await ledger.run(url, request({ live: pair }));
      expect(refused.stderr).toContain(
        "release 1.1.0 of canary writes schema 2, and release 1.0.0 of canary on the same database reads 1 only",
      );
    });

    it("is refused also where it was applied before: its release is about to go live", async () => {
      await ledger.run(url, request());
      await ledger.record(url, { channel: "stable", live: [live("0.9.0", { reads: [1] })] });
      expect((await ledger.run(url, request())).code).toBe(3);
    });
  });

  describe("of a release that does not declare what it writes and reads", () => {
    const undeclared = { writes: null, reads: [] };
    const alone = request({ live: [live("1.0.0", undeclared), live("1.1.0", { writes: 2, reads: [2] })] });

    it("is run where no other channel is live", async () => {
      expect((await ledger.run(url, alone)).code).toBe(0);
    });

    it("is refused where another one is", async () => {
      await ledger.record(url, { channel: "stable", live: [live("1.1.0", { writes: 2, reads: [2] })] });
      const refused = await ledger.run(url, alone);
      expect(refused.code).toBe(3);
      expect(refused.stderr).toContain(
        "release 1.0.0 of canary does not declare what it writes and reads, and release 1.1.0 of stable is live",
      );
    });

    it("is refused where the other one is the one that is silent", async () => {
      await ledger.record(url, { channel: "stable", live: [live("1.0.0", undeclared)] });
      expect((await ledger.run(url, request())).stderr).toContain("release 1.0.0 of stable does not declare");
    });
  });
});
