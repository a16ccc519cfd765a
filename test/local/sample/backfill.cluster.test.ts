import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Load, startLoad } from "../../../local/load/load";
import { checkAcknowledged } from "../../e2e/story/acknowledged";
import { fillWithOldOrders } from "../../e2e/story/database";
import { eventually } from "./eventually";
import { shopOfTests } from "./shop";

jest.setTimeout(120_000);

const oldOrders = 100_000;

describe("the backfill, while orders are placed by releases of both forms", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;
  let loads: { load: Load; file: string }[];
  const dir = mkdtempSync(join(tmpdir(), "backfill-"));

  const env = () => ({ DATABASE_URL: database });
  const migrate = async (...args: string[]) => {
    const { code, output } = await programs.run("shop-migrate:1.8.0", args, env());
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  };
  const query = (sql: string) => postgres.query(database, sql);
  const withoutNumber = async () =>
    Number((await query("select count(*) from orders where customer_id is null"))[0]!.count);
  const sumOfOld = async () =>
    (
      await query(
        "select count(*), sum(quantity), sum(id), sum(length(customer)) from orders where customer like 'old%'",
      )
    )[0];
  const placed = async () => {
    const slices = await Promise.all(loads.map(({ load }) => load.peek()));
    return slices.map(({ byStatus }) => byStatus[201] ?? 0);
  };

  async function write(image: string): Promise<void> {
    const { port } = await programs.serve(image, database);
    const file = join(dir, `${image.replace(":", "-")}.jsonl`);
    const url = `http://127.0.0.1:${port}`;
    loads.push({
      file,
      load: await startLoad({ url, host: "shop", rate: 50, writes: 0.5, acknowledged: file }),
    });
  }

  /** Every load has placed some more orders since. */
  async function goOn(): Promise<void> {
    const then = await placed();
    await eventually(async () => {
      for (const [index, count] of (await placed()).entries())
        expect(count).toBeGreaterThan(then[index]! + 10);
    });
  }

  afterAll(() => rmSync(dir, { recursive: true }));
  beforeEach(async () => {
    database = await postgres.database();
    loads = [];
    await migrate("up", "--to", "0002");
    await postgres.session(database, (client) => fillWithOldOrders(client, oldOrders));
  });
  afterEach(async () => {
    for (const { load } of loads) await load.stop();
  });

  it("killed in the middle and begun again it goes on, and nobody loses anything until names are dropped", async () => {
    const old = await sumOfOld();
    await write("shop-api:1.5.0");
    await goOn();
    await migrate("up", "--to", "0003");
    await write("shop-api:1.7.0");
    await write("shop-api:1.8.0");

    const begun = await programs.start(
      "shop-migrate:1.6.0",
      ["backfill", "--to", "0004", "--batch", "100"],
      env(),
    );
    await eventually(async () => expect(await withoutNumber()).toBeLessThan(oldOrders));
    begun.kill();
    await begun.ended();
    const left = await withoutNumber();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(oldOrders);
    await goOn();

    const output = await migrate("backfill", "--to", "0004");
    const lines = output.split("\n").filter((line) => line.startsWith("{"));
    const progress = lines.map((line) => JSON.parse(line).progress as { done: number; total: number });
    expect(progress[0]!.done).toBeGreaterThan(0);
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
    expect(await withoutNumber()).toBe(0);
    await goOn();
    await migrate("up", "--to", "0005");
    await goOn();
    expect(await sumOfOld()).toEqual(old);
    expect(JSON.parse(await migrate("reconcile"))).toMatchObject({ reconciled: true, suspense: 0 });

    // The contract comes when only 1.8.0 is left.
    const writers = [...loads];
    for (const { load } of loads.splice(0, 2)) await load.stop();
    await migrate("up", "--to", "0006");
    await goOn();

    for (const { load, file } of writers) {
      const total = await load.stop();
      expect(total).toMatchObject({ failed: 0, failures: [] });
      expect(Object.keys(total.byStatus).sort()).toEqual(["200", "201"]);
      const check = await postgres.session(database, (client) => checkAcknowledged(client, file));
      expect(check).toEqual({ checked: total.byStatus[201], lost: 0, duplicates: 0, examples: [] });
    }
  });

  it("two at the same time come to the same end", async () => {
    await migrate("up", "--to", "0003");
    const backfill = () => migrate("backfill", "--to", "0004");
    await Promise.all([backfill(), backfill()]);
    expect(await withoutNumber()).toBe(0);
  });

  it("what it was told to end is rolled back at once, and done by the next one", async () => {
    await migrate("up", "--to", "0003");
    const begun = await programs.start(
      "shop-migrate:1.6.0",
      ["backfill", "--to", "0004", "--batch", "100"],
      env(),
    );
    await eventually(async () => expect(await withoutNumber()).toBeLessThan(oldOrders));
    begun.terminate();
    expect((await begun.ended()).code).toBe(143);
    await migrate("backfill", "--to", "0004");
    expect(await withoutNumber()).toBe(0);
  });

  it("cut off by the database it says so, and goes on where it was when begun again", async () => {
    await migrate("up", "--to", "0003");
    const args = ["backfill", "--to", "0004", "--batch", "100"];
    const begun = await programs.start("shop-migrate:1.6.0", args, env());
    await eventually(async () => expect(await withoutNumber()).toBeLessThan(oldOrders));
    await postgres.down();
    const { code, output } = await begun.ended();
    await postgres.up();
    expect(code).toBe(1);
    expect(output).toMatch(/backfill 0004 failed, and can be run again: .*(terminat|connection)/i);
    const left = await withoutNumber();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(oldOrders);
    await migrate("backfill", "--to", "0004");
    expect(await withoutNumber()).toBe(0);
  });
});
