import { Ledger, live, request } from "./harness";

jest.setTimeout(60_000);

describe("the releases that a database has live", () => {
  let ledger: Ledger;
  let url: string;

  beforeAll(async () => {
    ledger = await Ledger.start();
  });
  afterAll(() => ledger.remove());
  beforeEach(async () => {
    url = await ledger.postgres.database();
  });

  it("are what each channel said last", async () => {
    const said = await ledger.record(url, { live: [live("1.0.0"), live("1.1.0")] });
    expect(said).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "ledger: recorded the live releases of canary: 1.0.0, 1.1.0\n",
    });
    await ledger.record(url, { transition: "finalize", live: [live("1.1.0", { writes: 2 })] });
    expect((await ledger.status(url)).live).toEqual([
      expect.objectContaining({ product: "shop", channel: "canary", ...live("1.1.0", { writes: 2 }) }),
    ]);
  });

  it("are left alone by other channels and other products", async () => {
    await ledger.record(url, { channel: "stable", live: [live("1.0.0")] });
    await ledger.record(url, { product: "billing", live: [live("7.0.0")] });
    await ledger.run(url, request());
    await ledger.record(url, { transition: "gone", live: [] });
    expect(await ledger.live(url)).toEqual(["canary 7.0.0", "stable 1.0.0"]);
  });

  it("are written by a run before its command starts", async () => {
    const run = ledger.begin(url, request(), "echo started; exec sleep 3600");
    await run.said("started");
    expect(await ledger.live(url)).toEqual(["canary 1.0.0", "canary 1.1.0"]);
    run.kill("SIGTERM");
    await run.ended;
  });

  it("keep what is newer when something older is repeated, which may only add", async () => {
    await ledger.run(url, request({ migration: { phase: "backfill" } }), "exit 1");
    const next = [live("1.1.0", { writes: 2 }), live("1.2.0", { writes: 2 })];
    await ledger.record(url, { transition: "start-1.2.0", live: next });
    await ledger.run(url, request({ migration: { phase: "backfill" } }));
    expect(await ledger.live(url)).toEqual(["canary 1.0.0", "canary 1.1.0", "canary 1.2.0"]);
    await ledger.record(url, { transition: "finalize", live: [live("1.2.0")] });
    expect(await ledger.live(url)).toEqual(["canary 1.2.0"]);
  });

  it("keep the newer declaration of a release when something older is repeated", async () => {
    const said = { transition: "first", live: [live("1.0.0", { writes: null, reads: [] })] };
    await ledger.record(url, said);
    await ledger.record(url, { transition: "second", live: [live("1.0.0")] });
    await ledger.record(url, said);
    expect((await ledger.status(url)).live).toMatchObject([{ writes: 1, reads: [1, 2] }]);
  });

  it("do not get one whose expand is refused: it is in nobody's way", async () => {
    await ledger.record(url, { live: [live("1.0.0")], transition: "install" });
    await ledger.record(url, { channel: "stable", live: [live("0.9.0", { reads: [1] })] });
    expect((await ledger.run(url, request())).code).toBe(3);
    expect(await ledger.live(url)).toEqual(["canary 1.0.0", "stable 0.9.0"]);
    const ofStable = request({
      channel: "stable",
      live: [live("0.9.0", { reads: [1] })],
      migration: { id: "0003-x", version: "0.9.0" },
    });
    expect((await ledger.run(url, ofStable)).code).toBe(0);
  });

  it("keep one that was live before its expand is refused", async () => {
    await ledger.run(url, request());
    await ledger.record(url, { channel: "stable", live: [live("0.9.0", { reads: [1] })] });
    expect((await ledger.run(url, request())).code).toBe(3);
    expect(await ledger.live(url)).toContain("canary 1.1.0");
  });

  it("get one whose other migrations are refused: it may have requests already", async () => {
    await ledger.record(url, { channel: "stable", live: [live("0.9.0", { reads: [1] })] });
    expect((await ledger.run(url, request({ migration: { phase: "switch" } }))).code).toBe(3);
    expect(await ledger.live(url)).toContain("canary 1.1.0");
  });
});
