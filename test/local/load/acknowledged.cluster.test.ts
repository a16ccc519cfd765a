import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AcknowledgedOrder } from "../../../local/load/acknowledged";
import { startLoad } from "../../../local/load/load";
import { checkAcknowledged } from "../../e2e/story/acknowledged";
import { eventually } from "../sample/eventually";
import { shopOfTests } from "../sample/shop";

jest.setTimeout(60_000);

describe("the orders that the load generator got acknowledged", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;
  const dir = mkdtempSync(join(tmpdir(), "acknowledged-"));
  const file = join(dir, "acknowledged.jsonl");

  const check = () => postgres.session(database, (client) => checkAcknowledged(client, file));
  const run = async (...args: string[]) => {
    const { code, output } = await programs.run("shop-migrate:1.8.0", args, { DATABASE_URL: database });
    expect({ code, output }).toMatchObject({ code: 0 });
  };
  const acknowledged = (...orders: Partial<AcknowledgedOrder>[]) => {
    const lines = orders.map((order, index) =>
      JSON.stringify({ id: String(index + 1), customer: `c${index}`, item: "tea", quantity: 2, ...order }),
    );
    writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  };

  afterAll(() => rmSync(dir, { recursive: true }));
  beforeEach(async () => {
    database = await postgres.database();
    await run("up", "--to", "0002");
  });

  test("are found whatever form the schema has, and whichever version placed them", async () => {
    const old = await programs.serve("shop-api:1.5.0", database);
    const load = await startLoad({
      url: `http://127.0.0.1:${old.port}`,
      host: "shop",
      rate: 200,
      writes: 0.8,
      acknowledged: file,
    });
    await eventually(async () => expect((await load.peek()).byStatus[201]).toBeGreaterThan(200));
    const checked = (await load.stop()).byStatus[201]!;
    const complete = { checked, lost: 0, duplicates: 0, examples: [] };
    expect(await check()).toEqual(complete);
    for (const phase of [
      ["up", "--to", "0003"],
      ["backfill", "--to", "0004"],
      ["up", "--to", "0006"],
    ]) {
      await run(...phase);
      expect(await check()).toEqual(complete);
    }
  });

  const place = (count: number) =>
    postgres.query(
      database,
      `insert into orders (customer, item, quantity) select 'c' || n, 'tea', 2 from generate_series(0, ${count - 1}) as n`,
    );

  test.each([
    ["is gone", "delete from orders where id = 2"],
    ["has another customer", "update orders set customer = 'somebody' where id = 2"],
    ["has another item", "update orders set item = 'mug' where id = 2"],
    ["has another quantity", "update orders set quantity = 3 where id = 2"],
  ])("one that %s is lost", async (_, change) => {
    await place(3);
    acknowledged({}, {}, {});
    expect(await check()).toEqual({ checked: 3, lost: 0, duplicates: 0, examples: [] });
    await postgres.query(database, change);
    const example = { id: "2", customer: "c1", item: "tea", quantity: 2 };
    expect(await check()).toEqual({ checked: 3, lost: 1, duplicates: 0, examples: [example] });
  });

  test("one whose number leads to another customer than its name is lost", async () => {
    await place(2);
    acknowledged({}, {});
    await run("up", "--to", "0003");
    await run("backfill", "--to", "0004");
    const change = `alter table orders disable trigger user;
      update orders set customer_id = (select id from customers where name = 'c0')`;
    await postgres.query(database, change);
    expect(await check()).toMatchObject({ lost: 1, examples: [{ id: "2" }] });
  });

  test("one that was acknowledged without an id is lost: nobody could ask for it", async () => {
    await place(1);
    acknowledged({ id: null });
    expect(await check()).toMatchObject({ checked: 1, lost: 1, duplicates: 0 });
  });

  test("one that is stored twice is a duplicate, and so is an id that two have", async () => {
    await place(2);
    acknowledged({}, {});
    await postgres.query(database, "insert into orders (customer, item, quantity) values ('c1', 'tea', 2)");
    expect(await check()).toMatchObject({
      checked: 2,
      lost: 0,
      duplicates: 1,
      examples: [{ customer: "c1" }],
    });
    acknowledged({ id: "2", customer: "c1" }, { id: "2", customer: "c1" });
    expect(await check()).toMatchObject({ checked: 2, lost: 0, duplicates: 2 });
  });
});
