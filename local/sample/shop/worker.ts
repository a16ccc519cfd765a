import { setTimeout as sleep } from "node:timers/promises";
import { Counter, Registry } from "prom-client";
import { connect, type Row } from "../service/database";
import { readEnvironment } from "../service/environment";
import { log, messageOf } from "../service/log";
import { onTermination, serve } from "../service/server";
import { checkSchema, type OrderBook } from "./orders";

const batch = 20;
const pauseMs = 500;

/**
 * Takes the oldest pending orders and ships them, in one statement: workers never wait for each other's orders
 * and an order is shipped exactly once. The order is fixed first (`materialized`), or the limit would not hold.
 */
const shipOrders = `with next as materialized (
    select id from orders where status = 'pending' order by id limit ${batch} for update skip locked
  )
  update orders set status = 'shipped', shipped_at = now() from next
  where orders.id = next.id returning orders.id`;

/** Runs one version of the worker as this process, until it is told to end. */
export async function runWorker(orders: OrderBook): Promise<void> {
  const environment = readEnvironment();
  const database = connect(environment.DATABASE_URL, 2);
  const registry = new Registry();
  const processed = new Counter({
    name: "worker_orders_processed_total",
    help: "Orders shipped by this worker.",
    registers: [registry],
  });
  const ending = new AbortController();
  const serving = serve(
    {
      release: { version: environment.RELEASE_VERSION, id: environment.RELEASE_ID },
      routes: [],
      registry,
      ready: () => checkSchema(database, orders),
    },
    { port: environment.PORT ?? 9090 },
  );

  async function ship(): Promise<Row[]> {
    try {
      return await database.query(shipOrders);
    } catch (error) {
      log("no orders shipped, trying again", { reason: messageOf(error) });
      return [];
    }
  }

  async function work(): Promise<void> {
    while (!ending.signal.aborted) {
      const shipped = await ship();
      processed.inc(shipped.length);
      if (shipped.length < batch) {
        await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    }
  }

  const working = serving.then(work);
  // Before it says that it listens: whoever waits for that may end it at once.
  onTermination(async () => {
    ending.abort();
    await working;
    await (await serving).drain();
    await database.close();
  });
  await serving;
}
