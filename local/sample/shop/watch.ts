import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Database } from "../service/database";
import type { Route } from "../service/routes";
import type { OrderBook } from "./orders";

const query = z.object({ seconds: z.coerce.number().int().min(1).max(60).default(10) });
const pauseMilliseconds = 500;

/** The newest order, told twice a second for so long: an answer that is under way while releases come and go. */
export function watchOrders(database: Database, orders: OrderBook): Route {
  return {
    method: "GET",
    path: "/orders/watch",
    handle: (call) => ({
      status: 200,
      body: Readable.from(lines(database, orders, query.parse(call.query).seconds)),
      headers: { "content-type": "application/x-ndjson" },
    }),
  };
}

async function* lines(database: Database, orders: OrderBook, seconds: number): AsyncGenerator<string> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const [newest] = await orders.list(database, { limit: 1 });
    yield `${JSON.stringify({ newest: newest?.id ?? null })}\n`;
    await sleep(pauseMilliseconds);
  }
  yield `${JSON.stringify({ end: true })}\n`;
}
