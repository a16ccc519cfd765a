import { Agent, request } from "node:http";
import pg from "pg";
import { eventually } from "./eventually";
import type { Program } from "./programs";
import { shopOfTests } from "./shop";

jest.setTimeout(60_000);

/** A client with one connection that it keeps, as gateways do. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  constructor(readonly port: number) {}

  get(path: string): Promise<{ status: number; connection: string | undefined; reused: boolean }> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.port, path, agent: this.#agent }, (answer) => {
        const { statusCode: status = 0, headers } = answer;
        answer
          .resume()
          .on("end", () => resolve({ status, connection: headers.connection, reused: sent.reusedSocket }));
      });
      sent.on("error", reject).end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

describe("the end of a process", () => {
  const { programs, postgres } = shopOfTests();
  let database: string;
  let api: Program;

  beforeEach(async () => {
    database = await postgres.database();
    await programs.migrate("shop-migrate:1.0.0", "0001", database);
    api = await programs.serve("shop-api:1.0.0", database);
  });

  it("drops no request on connections that clients keep, and asks them to leave", async () => {
    const connections = Array.from({ length: 8 }, () => new Connection(api.port));
    await Promise.all(connections.map((connection) => connection.get("/products")));
    api.terminate();
    const probe = new Connection(api.port);
    await eventually(async () => expect((await probe.get("/readyz")).status).toBe(503));

    const last = await Promise.all(connections.map((connection) => connection.get("/products")));
    expect(last).toEqual(connections.map(() => ({ status: 200, connection: "close", reused: true })));
    const late = await Promise.all(connections.map((connection) => connection.get("/products")));
    expect(late).toEqual(connections.map(() => ({ status: 200, connection: "close", reused: false })));

    expect((await api.ended()).code).toBe(0);
    for (const connection of [...connections, probe]) {
      connection.close();
    }
  });

  it("waits for a request that is under way", async () => {
    const blocker = new pg.Client({ connectionString: database });
    await blocker.connect();
    await blocker.query("begin; lock table orders in exclusive mode");
    const placing = api.post("/orders", { customer: "ada", item: "tea", quantity: 1 });
    await eventually(async () => {
      const waiting =
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
      expect(await postgres.query(database, waiting)).toHaveLength(1);
    });
    api.terminate();
    await eventually(async () => expect((await api.get("/readyz")).status).toBe(503));
    await blocker.query("commit");
    await blocker.end();

    const placed = await placing;
    expect(placed.status).toBe(201);
    expect(placed.headers.get("connection")).toBe("close");
    expect((await api.ended()).code).toBe(0);
  });

  it("is a good one for workers too", async () => {
    const worker = await programs.serve("shop-worker:1.0.0", database);
    worker.terminate();
    expect((await worker.ended()).code).toBe(0);
  });
});
