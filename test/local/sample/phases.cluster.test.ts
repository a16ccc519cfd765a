import { readFileSync } from "node:fs";
import type pg from "pg";
import { parse } from "yaml";
import { fillWithOldOrders } from "../../e2e/story/database";
import { eventually } from "./eventually";
import type { Program, Run } from "./programs";
import { shopOfTests } from "./shop";

jest.setTimeout(120_000);

const order = { customer: "ada", item: "tea", quantity: 2, note: "at the door" };
const latest = "shop-migrate:1.8.0";
/** What node-pg-migrate locks a database by. */
const migrationLock = "7241865325823964";
const backfill = ["backfill", "--to", "0004"];

interface Migration {
  id: string;
  image: string;
  command: string[];
  down?: { command: string[] };
}

describe("the sample's data moves in four phases", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;

  const run = (...args: string[]): Promise<Run> => programs.run(latest, args, { DATABASE_URL: database });
  const succeed = async (...args: string[]): Promise<string> => {
    const { code, output } = await run(...args);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  };
  const query = (sql: string) => postgres.query(database, sql);
  const withoutNumber = async () =>
    (await query("select count(*)::int as count from orders where customer_id is null"))[0]!.count as number;
  const columns = async () =>
    (await query("select column_name from information_schema.columns where table_name = 'orders'")).map(
      (row) => row.column_name as string,
    );
  /** A database as 1.5.0 left it, with orders. */
  const ordersOfBefore = async (orders: number) => {
    await succeed("up", "--to", "0002");
    await postgres.session(database, (client) => fillWithOldOrders(client, orders));
  };

  /** An expand that has begun to build its index, and waits for this reader to end. */
  const heldExpand = async (reader: pg.Client): Promise<Program> => {
    // An index waits for whoever may still see the table as it was.
    await reader.query("begin isolation level repeatable read");
    await reader.query("select from products");
    const expand = await programs.start(latest, ["up", "--to", "0003"], { DATABASE_URL: database });
    const begun = "select from pg_index where indexrelid = to_regclass('orders_customer_id')";
    await eventually(async () => expect(await query(begun)).toHaveLength(1));
    return expand;
  };

  beforeEach(async () => {
    database = await postgres.database();
  });

  it("each phase has nothing to do the second time, and the data is the same before and after", async () => {
    await ordersOfBefore(1000);
    const all = "select id, customer, item, quantity, status from orders order by id";
    const orders = await query(all);
    expect(await succeed("up", "--to", "0003")).toContain("0003_customers: done");
    expect(await withoutNumber()).toBe(1000);
    expect(await succeed(...backfill)).toContain('{"progress":{"done":1000,"total":1000}}');
    expect(await withoutNumber()).toBe(0);
    expect(await succeed("up", "--to", "0005")).toContain("0005_customer-id-required: done");
    expect(await query(all)).toEqual(orders);
    expect(await succeed("up", "--to", "0006")).toContain("0006_drop-customer: done");
    expect(await columns()).not.toContain("customer");
    for (const phase of [["up", "--to", "0003"], backfill, ["up", "--to", "0005"], ["up", "--to", "0006"]]) {
      const number = phase[2]!;
      expect(await succeed(...phase)).toBe(`the schema is at ${number} or later already, nothing to do\n`);
    }
    const joined = all
      .replace("id, customer,", "orders.id, name as customer,")
      .replace("by id", "by orders.id");
    const from = "from orders join customers on customers.id = customer_id";
    expect(await query(joined.replace("from orders", from))).toEqual(orders);
  });

  it("an index and constraints are left as they should be, and the switch took no scan under a lock", async () => {
    await ordersOfBefore(10);
    await succeed("up", "--to", "0003");
    await succeed(...backfill);
    await succeed("up", "--to", "0005");
    const [state] = await query(`select
      (select indisvalid from pg_index where indexrelid = 'orders_customer_id'::regclass) as index,
      (select convalidated from pg_constraint where conname = 'orders_customer_id_fkey') as key,
      (select count(*)::int from pg_constraint where conname = 'orders_customer_id_present') as helping,
      (select attnotnull from pg_attribute where attrelid = 'orders'::regclass and attname = 'customer_id') as required`);
    expect(state).toEqual({ index: true, key: true, helping: 0, required: true });
  });

  it("the switch does not come before the backfill is complete, and nothing is broken by trying", async () => {
    await ordersOfBefore(10);
    await succeed("up", "--to", "0003");
    const early = await run("up", "--to", "0005");
    expect(early.code).toBe(1);
    expect(early.output).toMatch(/orders without customer_id.*migrate\.js backfill --to 0004/);
    await succeed(...backfill);
    await succeed("up", "--to", "0005");
  });

  it("each release reads what the others write, whichever form they know, until the contract", async () => {
    await succeed("up", "--to", "0003");
    await succeed(...backfill);
    const images = ["shop-api:1.1.0", "shop-api:1.5.0", "shop-api:1.6.0", "shop-api:1.7.0", "shop-api:1.8.0"];
    const apis = await Promise.all(images.map((image) => programs.serve(image, database)));
    const [, , , seven, eight] = apis;
    const placed = [];
    for (const api of apis) {
      expect((await api.get("/readyz")).status).toBe(200);
      for (const customer of ["ada", `of ${api.port}`]) {
        const { status, body } = await api.post("/orders", { ...order, customer });
        expect(status).toBe(201);
        expect(body).toMatchObject({ ...order, customer, status: "pending", shippedAt: null });
        placed.unshift(body);
      }
    }
    for (const api of apis) {
      expect((await api.get("/orders?limit=100")).body).toEqual({ orders: placed });
      expect((await api.get(`/orders/${placed[3].id}`)).body).toEqual(placed[3]);
    }
    for (const api of [seven!, eight!]) {
      const refused = await api.post("/orders", { ...order, item: "gold", customer: "a stranger" });
      expect(refused).toMatchObject({ status: 422, body: { error: "there is no product gold" } });
    }
    expect(await query("select name from customers where name = 'a stranger'")).toEqual([]);
    expect(await query("select from orders where customer is null or customer_id is null")).toEqual([]);

    await succeed("up", "--to", "0006");
    expect((await eight!.get("/orders?limit=100")).body).toEqual({ orders: placed });
    const after = await eight!.post("/orders", { ...order, customer: "after the contract" });
    expect(after.body).toMatchObject({ ...order, customer: "after the contract" });
    expect((await eight!.get("/orders?limit=1")).body).toEqual({ orders: [after.body] });
    for (const [index, api] of apis.entries()) {
      const { status, body } = await api.get("/readyz");
      expect(status).toBe(index === 4 ? 200 : 503);
      expect(body.reason ?? "").toContain(index === 4 ? "" : "customer does not exist".slice(9));
    }
  });

  it("a new customer's first orders at the same time make one customer, in either form", async () => {
    await succeed("up", "--to", "0003");
    const apis = await Promise.all(
      ["shop-api:1.5.0", "shop-api:1.7.0", "shop-api:1.8.0"].map((image) => programs.serve(image, database)),
    );
    for (let round = 0; round < 20; round++) {
      const customer = `new ${round}`;
      const answers = await Promise.all(
        [...apis, ...apis].map((api) => api.post("/orders", { ...order, customer })),
      );
      expect(answers.map(({ status, body }) => [status, body.customer])).toEqual(
        answers.map(() => [201, customer]),
      );
    }
    expect(await query("select count(*)::int as count from customers")).toEqual([{ count: 20 }]);
    expect(await query("select count(*)::int as count from orders")).toEqual([{ count: 120 }]);
  });

  it.each([
    ["shop-worker:1.1.0", "0005"],
    ["shop-worker:1.8.0", "0005"],
    ["shop-worker:1.8.0", "0006"],
  ])("%s ships orders on schema %s", async (image, schema) => {
    await succeed("up", "--to", "0003");
    await succeed(...backfill);
    await succeed("up", "--to", schema);
    const api = await programs.serve("shop-api:1.8.0", database);
    await api.post("/orders", order);
    const worker = await programs.serve(image, database);
    expect((await worker.get("/readyz")).status).toBe(200);
    await eventually(async () =>
      expect(await query("select status from orders")).toEqual([{ status: "shipped" }]),
    );
  });

  it("goes back down to where it was, and up again", async () => {
    await ordersOfBefore(500);
    const all = "select id, customer, item, quantity from orders order by id";
    const orders = await query(all);
    const up = async () => {
      await succeed("up", "--to", "0003");
      await succeed(...backfill);
      await succeed("up", "--to", "0005");
    };
    await up();
    expect(await succeed("down", "--to", "0004")).toBe(
      "migration 0005_customer-id-required: undone\nthe schema is at 0004\n",
    );
    await succeed("down", "--to", "0003");
    expect(await withoutNumber()).toBe(0);
    await succeed("down", "--to", "0002");
    expect(await columns()).not.toContain("customer_id");
    expect(await query("select to_regclass('customers') as customers")).toEqual([{ customers: null }]);
    expect(await query(all)).toEqual(orders);
    await up();
    expect(await withoutNumber()).toBe(0);
    await succeed("down", "--to", "0002");
    expect(await query(all)).toEqual(orders);
  });

  it.each([
    ["down", ["down", "--to", "0002"]],
    ["up", ["up", "--to", "0003"]],
  ])("an expand that was killed in the middle can be taken %s", async (direction, args) => {
    await ordersOfBefore(10);
    await postgres.session(database, async (reader) => {
      const expand = await heldExpand(reader);
      expand.kill();
      await expand.ended();
    });
    expect(await columns()).toContain("customer_id");
    expect(await query("select from shop_migrations where name like '0003%'")).toEqual([]);
    await succeed(...args);
    expect((await columns()).includes("customer_id")).toBe(direction === "up");
    await succeed("up", "--to", "0003");
    await succeed(...backfill);
    await succeed("up", "--to", "0005");
  });

  it("what a later release ran is not undone by the image of an earlier one, nor is a contract at all", async () => {
    await ordersOfBefore(1);
    await succeed("up", "--to", "0003");
    await succeed(...backfill);
    await succeed("up", "--to", "0006");
    const env = { DATABASE_URL: database };
    const early = await programs.run("shop-migrate:1.6.0", ["down", "--to", "0002"], env);
    expect(early.code).toBe(1);
    expect(early.output).toMatch(/0005_customer-id-required, 0006_drop-customer ran with a later release/);
    const never = await run("down", "--to", "0005");
    expect(never.code).toBe(1);
    expect(never.output).toContain("0006_drop-customer");
    expect(await columns()).toEqual(expect.arrayContaining(["customer_id"]));
  });

  it("several expands at the same time run once, and the index does not wait for who waits for it", async () => {
    await ordersOfBefore(10);
    const start = () => programs.start(latest, ["up", "--to", "0003"], { DATABASE_URL: database });
    const expands = await postgres.session(database, async (holder) => {
      await holder.query("select pg_advisory_lock($1)", [migrationLock]);
      const begun = await Promise.all([start(), start(), start()]);
      const waiting = `select from pg_stat_activity
        where application_name = 'up to 0003' and datname = current_database() and query like '%advisory_lock%'`;
      await eventually(async () => expect(await query(waiting)).toHaveLength(3));
      return begun;
    });
    const ended = await Promise.all(expands.map((expand) => expand.ended()));
    expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
    expect(ended.filter(({ output }) => output.includes("0003_customers: done"))).toHaveLength(1);
  });

  it.each(["1.6.0", "1.7.0", "1.8.0"])(
    "%s is installed on an empty database, all phases in order",
    async (version) => {
      const file = readFileSync(`local/sample/releases/${version}.yaml`, "utf8");
      const release = parse(file) as { services: { api: { image: string } }; migrations: Migration[] };
      for (const { image, command } of release.migrations) {
        const args = command.slice(2);
        const { code, output } = await programs.run(image.replace("local/", ""), args, {
          DATABASE_URL: database,
        });
        expect({ code, output }).toMatchObject({ code: 0 });
      }
      const api = await programs.serve(`shop-api:${version}`, database);
      expect((await api.get("/readyz")).status).toBe(200);
      const placed = await api.post("/orders", order);
      expect(placed.body).toMatchObject(order);
      expect((await api.get(`/orders/${placed.body.id}`)).body).toEqual(placed.body);

      const undoable = release.migrations.filter(({ down }) => down !== undefined).reverse();
      if (version === "1.8.0") return;
      for (const { image, down } of undoable) {
        const args = down!.command.slice(2);
        const { code, output } = await programs.run(image.replace("local/", ""), args, {
          DATABASE_URL: database,
        });
        expect({ code, output }).toMatchObject({ code: 0 });
      }
      expect(await query("select customer, item, quantity, note from orders")).toEqual([order]);
      expect(await columns()).not.toContain("customer_id");
    },
  );
});
