import { eventually } from "./eventually";
import { shopOfTests } from "./shop";

jest.setTimeout(60_000);

const order = { customer: "ada", item: "tea", quantity: 2 };

describe("the sample's versions", () => {
  const { programs, postgres } = shopOfTests();

  async function schema(version: 1 | 2): Promise<string> {
    const database = await postgres.database();
    const run = await programs.migrate("shop-migrate:1.1.0", `000${version}`, database);
    expect(run.code).toBe(0);
    return database;
  }

  it.each([1, 2] as const)("1.0.0 sells on schema %i", async (version) => {
    const api = await programs.serve("shop-api:1.0.0", await schema(version));
    expect((await api.get("/readyz")).status).toBe(200);

    const placed = await api.post("/orders", order);
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({ ...order, status: "pending", shippedAt: null });
    expect(placed.body).not.toHaveProperty("note");
    expect((await api.get(`/orders/${placed.body.id}`)).body).toEqual(placed.body);
    expect((await api.get("/orders?status=pending")).body).toEqual({ orders: [placed.body] });
    expect((await api.get("/products")).body.currency).toBe("EUR");
    expect(placed.headers.get("x-shop-version")).toBe("1.0.0");
    expect(placed.headers.get("x-release")).toBe("1-0-0-0123abcd");
  });

  it("1.1.0 reads what 1.0.0 wrote, and 1.0.0 what 1.1.0 wrote", async () => {
    const database = await schema(2);
    const old = await programs.serve("shop-api:1.0.0", database);
    const api = await programs.serve("shop-api:1.1.0", database);
    const plain = await old.post("/orders", { ...order, note: "1.0.0 knows no notes" });
    const noted = await api.post("/orders", { ...order, note: "at the door" });
    expect(plain.status).toBe(201);
    expect(noted.body.note).toBe("at the door");
    expect((await api.get(`/orders/${plain.body.id}`)).body).toEqual({ ...plain.body, note: null });
    expect((await old.get(`/orders/${noted.body.id}`)).body).toMatchObject(order);
  });

  it("1.1.0, API and worker, become ready only when the column is there", async () => {
    const database = await schema(1);
    for (const image of ["shop-api:1.1.0", "shop-worker:1.1.0"]) {
      const program = await programs.serve(image, database);
      const { status, body } = await program.get("/readyz");
      expect(status).toBe(503);
      expect(body.reason).toContain('run its migrations: column "note" does not exist');
    }
    const late = await programs.serve("shop-api:1.1.0", database);
    await programs.migrate("shop-migrate:1.1.0", "0002", database);
    expect((await late.get("/readyz")).status).toBe(200);
  });

  it("1.2.0 answers 5 % of its requests with 500", async () => {
    const api = await programs.serve("shop-api:1.2.0", await schema(2));
    const statuses: number[] = [];
    for (let request = 0; request < 100; request++) {
      statuses.push((await api.get("/products")).status);
    }
    expect(statuses.filter((status) => status === 500)).toHaveLength(5);
    expect((await api.get("/metrics")).body).toContain(
      'http_requests_total{method="GET",route="/products",status="500"} 5',
    );
  });

  it("1.4.0 does not start, and says why", async () => {
    const run = await programs.run("shop-api:1.4.0", [], {});
    expect(run).toEqual({ code: 1, output: "cannot start: the price list of this release is empty\n" });
  });

  it("1.5.0 looks up a product by its name", async () => {
    const api = await programs.serve("shop-api:1.5.0", await schema(2));
    expect((await api.get("/products/tea")).body).toEqual({ name: "tea", priceCents: 350 });
    expect((await api.get("/products/gold")).status).toBe(404);
  });

  it.each([
    [{ ...order, item: "gold" }, 422, "there is no product gold"],
    [{ ...order, quantity: 0 }, 400, "not valid"],
  ])("an order that cannot be (%j) is refused", async (impossible, status, message) => {
    const api = await programs.serve("shop-api:1.1.0", await schema(2));
    const answer = await api.post("/orders", impossible);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toContain(message);
  });

  it("workers of both versions share the orders and ship each one once", async () => {
    const database = await schema(2);
    const sql =
      "insert into orders (customer, item, quantity) select 'ada', 'mug', 1 from generate_series(1, 200)";
    await postgres.query(database, sql);
    const workers = await Promise.all(
      ["shop-worker:1.0.0", "shop-worker:1.1.0"].map((image) => programs.serve(image, database)),
    );
    await eventually(async () => {
      const pending =
        "select count(*)::int as count from orders where status = 'pending' or shipped_at is null";
      expect(await postgres.query(database, pending)).toEqual([{ count: 0 }]);
    });
    await eventually(async () => {
      const metrics = await Promise.all(workers.map((worker) => worker.get("/metrics")));
      const shipped = metrics.map(({ body }) =>
        Number(/worker_orders_processed_total (\d+)/.exec(body)?.[1]),
      );
      expect(shipped.reduce((sum, count) => sum + count)).toBe(200);
    });
  });

  it("nothing crashes when the database restarts", async () => {
    const database = await schema(2);
    const api = await programs.serve("shop-api:1.1.0", database);
    const worker = await programs.serve("shop-worker:1.1.0", database);
    await api.post("/orders", order);
    await postgres.down();
    expect((await api.get("/readyz")).status).toBe(503);
    const refused = await api.get("/products");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("x-shop-version")).toBe("1.1.0");
    expect((await api.get("/healthz")).status).toBe(200);
    await postgres.up();
    await eventually(async () => expect((await api.get("/products")).status).toBe(200));
    await eventually(async () => expect((await worker.get("/readyz")).status).toBe(200));
    expect(api.running && worker.running).toBe(true);
  });
});
