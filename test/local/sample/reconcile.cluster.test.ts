import { shopOfTests } from "./shop";

jest.setTimeout(60_000);

interface Report {
  reconciled: boolean;
  checks: { name: string; expected: number; observed: number; ok: boolean }[];
  suspense: number;
}

describe("the sample's reconciliation", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;

  const run = (...args: string[]) => programs.run("shop-migrate:1.8.0", args, { DATABASE_URL: database });
  /** A change that the trigger does not see. */
  const plant = (sql: string) =>
    postgres.query(database, `set session_replication_role = replica; ${sql}; analyze orders`);
  const reconcile = async () => {
    const { code, output } = await run("reconcile");
    const line = output.split("\n").find((one) => one.startsWith("{"))!;
    return { code, output, report: JSON.parse(line) as Report };
  };
  const broken = ({ checks }: Report) => checks.filter(({ ok }) => !ok).map(({ name }) => name);

  beforeEach(async () => {
    database = await postgres.database();
    await run("up", "--to", "0002");
    const fill = `insert into orders (customer, item, quantity)
      select 'c' || n % 10, (array['tea', 'mug'])[1 + n % 2], 1 + n % 7 from generate_series(1, 100) as n`;
    await postgres.query(database, fill);
    await run("up", "--to", "0003");
  });

  it("finds both forms the same once the backfill is complete, and says so in one line", async () => {
    await run("backfill", "--to", "0004");
    const { code, output, report } = await reconcile();
    expect(code).toBe(0);
    expect(output.trim().split("\n")).toHaveLength(1);
    const [{ sum }] = (await postgres.query(database, "select sum(quantity) from orders")) as [
      { sum: string },
    ];
    expect(report).toEqual({
      reconciled: true,
      checks: [
        { name: "orders", expected: 100, observed: 100, ok: true },
        { name: "quantity of all orders", expected: Number(sum), observed: Number(sum), ok: true },
        { name: "customers with orders", expected: 10, observed: 10, ok: true },
        { name: "customers and items whose orders or quantity differ", expected: 0, observed: 0, ok: true },
        { name: "orders without their customer", expected: 0, observed: 0, ok: true },
      ],
      suspense: 0,
    });
  });

  it("before the backfill it finds all orders in suspense", async () => {
    const { code, report } = await reconcile();
    expect(code).toBe(1);
    expect(report).toMatchObject({ reconciled: false, suspense: 100 });
    expect(report.checks.every(({ ok }) => !ok)).toBe(true);
  });

  const otherCustomer = "(select id from customers where name = 'c2')";
  const names = {
    orders: "orders",
    quantity: "quantity of all orders",
    groups: "customers and items whose orders or quantity differ",
    suspense: "orders without their customer",
  };
  it.each([
    ["an order without a number", "update orders set customer_id = null where id = 5", Object.values(names)],
    ["a number of nobody", "update orders set customer_id = 999999 where id = 5", Object.values(names)],
    [
      "a number of somebody else",
      `update orders set customer_id = ${otherCustomer} where id = 5`,
      [names.groups, names.suspense],
    ],
    [
      "two orders whose customers are swapped",
      `update orders set customer_id = case customer when 'c1' then ${otherCustomer}
         else (select id from customers where name = 'c1') end where id in (1, 2)`,
      [names.groups, names.suspense],
    ],
    [
      "two orders alike whose customers are swapped, which no sum shows",
      `update orders set item = 'tea', quantity = 1 where id in (1, 2);
       update orders set customer_id = case customer when 'c1' then ${otherCustomer}
         else (select id from customers where name = 'c1') end where id in (1, 2)`,
      [names.suspense],
    ],
    ["a name changed past the trigger", "update orders set customer = 'x' where id = 5", undefined],
  ])("finds %s", async (_, change, expected) => {
    await run("backfill", "--to", "0004");
    await plant(change);
    const { code, output, report } = await reconcile();
    expect(code).toBe(1);
    expect(report.reconciled).toBe(false);
    expect(report.suspense).toBeGreaterThan(0);
    if (expected !== undefined) expect(broken(report)).toEqual(expected);
    expect(output).toMatch(/orders without their customer: (5|1, 2)\n/);
  });

  it("what cannot be compared is not reconciled: no second form yet, none any more, no database", async () => {
    await run("down", "--to", "0002");
    expect(await run("reconcile")).toMatchObject({
      code: 1,
      output: expect.stringContaining(
        'the two forms cannot be compared: relation "customers" does not exist',
      ),
    });
    await run("up", "--to", "0003");
    await run("backfill", "--to", "0004");
    await run("up", "--to", "0006");
    expect(await run("reconcile")).toMatchObject({
      code: 1,
      output: expect.stringContaining(`column "customer" does not exist`),
    });
    const nowhere = { DATABASE_URL: "postgresql://shop:secret@127.0.0.1:1/shop" };
    const { code, output } = await programs.run("shop-migrate:1.8.0", ["reconcile"], nowhere);
    expect(code).toBe(1);
    expect(output).not.toContain("secret");
  });
});
