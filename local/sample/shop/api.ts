import { Registry } from "prom-client";
import { z } from "zod";
import { connect, type Database } from "../service/database";
import { type Environment, readEnvironment } from "../service/environment";
import { Refusal, type Route } from "../service/routes";
import { onTermination, serve } from "../service/server";
import { readFixture } from "./fixture";
import { checkSchema, type OrderBook } from "./orders";
import { watchOrders } from "./watch";

/** What a version of the API consists of. */
export interface ApiVersion {
  orders: OrderBook;
  /** Routes that this version has beyond the first one's. */
  routes?: (database: Database) => Route[];
  intercept?: () => void;
}

const orderId = z.string().regex(/^[1-9][0-9]{0,17}$/, "an order's id is a positive number");
const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  status: z.enum(["pending", "shipped"]).optional(),
});

function shopRoutes(database: Database, orders: OrderBook, environment: Environment): Route[] {
  return [
    {
      method: "GET",
      path: "/",
      handle: () => ({ status: 200, body: { shop: "open", version: environment.RELEASE_VERSION } }),
    },
    {
      method: "GET",
      path: "/products",
      async handle() {
        const products = await database.query(
          'select name, price_cents as "priceCents" from products order by name',
        );
        return { status: 200, body: { currency: environment.SHOP_CURRENCY, products } };
      },
    },
    {
      method: "GET",
      path: "/orders",
      async handle(call) {
        return { status: 200, body: { orders: await orders.list(database, listQuery.parse(call.query)) } };
      },
    },
    watchOrders(database, orders),
    {
      method: "GET",
      path: "/orders/:id",
      async handle(call) {
        const order = await orders.find(database, orderId.parse(call.params.id));
        if (order === undefined) {
          throw new Refusal(404, `there is no order ${call.params.id}`);
        }
        return { status: 200, body: order };
      },
    },
    {
      method: "POST",
      path: "/orders",
      async handle(call) {
        const order = await orders.place(database, await call.body());
        return { status: 201, body: order, headers: { location: `/orders/${String(order.id)}` } };
      },
    },
  ];
}

/**
 * Runs one version of the API as this process, until it is told to end. With the arguments `read-fixture <file>` it
 * only says whether it can read the orders of that file.
 */
export async function runApi(version: ApiVersion): Promise<void> {
  const [command, file] = process.argv.slice(2);
  if (command === "read-fixture") return readFixture(version.orders, file);
  const environment = readEnvironment();
  const database = connect(environment.DATABASE_URL, 4);
  const serving = serve(
    {
      release: { version: environment.RELEASE_VERSION, id: environment.RELEASE_ID },
      routes: [...shopRoutes(database, version.orders, environment), ...(version.routes?.(database) ?? [])],
      registry: new Registry(),
      ready: () => checkSchema(database, version.orders),
      intercept: version.intercept,
    },
    { port: environment.PORT ?? 8080 },
  );
  // Before it says that it listens: whoever waits for that may end it at once.
  onTermination(async () => {
    await (await serving).drain();
    await database.close();
  });
  await serving;
}
