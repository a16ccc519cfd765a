import { shopOfTests } from "./shop";

jest.setTimeout(60_000);

describe("the sample's migrations", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;

  const columns = async (): Promise<string[]> => {
    const sql = "select column_name from information_schema.columns where table_name = 'orders'";
    return (await postgres.query(database, sql)).map((row) => row.column_name as string);
  };

  beforeEach(async () => {
    database = await postgres.database();
  });

  it("go as far as they are told, and tell what they did", async () => {
    const first = await programs.migrate("shop-migrate:1.1.0", "0001", database);
    expect(first).toEqual({
      code: 0,
      output: "migration 0001_orders-and-products: done\nthe schema is at 0001\n",
    });
    expect(await columns()).not.toContain("note");

    const second = await programs.migrate("shop-migrate:1.1.0", "0002", database);
    expect(second).toEqual({ code: 0, output: "migration 0002_order-note: done\nthe schema is at 0002\n" });
    expect(await columns()).toContain("note");
  });

  it("have nothing to do the second time, nor in an older image", async () => {
    await programs.migrate("shop-migrate:1.1.0", "0002", database);
    for (const [image, to] of [
      ["shop-migrate:1.1.0", "0002"],
      ["shop-migrate:1.0.0", "0001"],
    ] as const) {
      const again = await programs.migrate(image, to, database);
      expect(again).toEqual({ code: 0, output: `the schema is at ${to} or later already, nothing to do\n` });
    }
  });

  it("run once when several are started at the same time", async () => {
    const runs = await Promise.all(
      [1, 2, 3].map(() => programs.migrate("shop-migrate:1.1.0", "0002", database)),
    );
    expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
    expect(runs.filter(({ output }) => output.includes("0002_order-note: done"))).toHaveLength(1);
    expect(await postgres.query(database, "select count(*)::int as count from products")).toEqual([
      { count: 3 },
    ]);
  });

  it("leave the schema as it was when one fails, and say why", async () => {
    await programs.migrate("shop-migrate:1.3.0", "0002", database);
    const failed = await programs.migrate("shop-migrate:1.3.0", "9001", database);
    expect(failed.code).toBe(1);
    expect(failed.output).toContain(
      "migration to 9001 failed, and can be run again: column products.price does not exist",
    );
    expect(failed.output).not.toContain("    at ");
    expect(await columns()).not.toContain("total_cents");

    const again = await programs.migrate("shop-migrate:1.1.0", "0002", database);
    expect(again.code).toBe(0);
  });

  it("say it when the database is not there", async () => {
    const run = await programs.migrate(
      "shop-migrate:1.1.0",
      "0002",
      "postgresql://shop:secret@127.0.0.1:1/shop",
    );
    expect(run.code).toBe(1);
    expect(run.output).toContain("ECONNREFUSED");
    expect(run.output).not.toContain("secret");
  });

  it.each([
    [["up"], "usage: migrate.js up --to"],
    [["down"], "usage: migrate.js up --to"],
    [["up", "--to", "0001", "--batch", "5"], "usage: migrate.js up --to"],
    [["backfill", "--to", "0002", "--batch", "0"], "usage: migrate.js up --to"],
    [["backfill", "--to", "0002"], "0002 is no backfill, those are: 0004"],
    [["reconcile", "--to", "0002"], "usage: migrate.js up --to"],
    [["up", "--to", "2"], "usage: migrate.js up --to"],
    [
      ["up", "--to", "0003"],
      "there is no migration 0003 in this image, it has: 0001_orders-and-products.sql, 0002_order-note.sql",
    ],
  ])("refuse %j", async (args, message) => {
    const run = await programs.run("shop-migrate:1.1.0", args, { DATABASE_URL: database });
    expect(run.code).toBe(2);
    expect(run.output).toContain(message);
  });
});
