import { z } from "zod";
import type { Database, Row } from "../service/database";
import { insert, newNotedOrder, notedOrders, type OrderBook, one, storedParts } from "./orders";

/** Schema 3, read by names as before: ready only when the trigger's column is there. */
export const expandedOrders: OrderBook = {
  ...notedOrders,
  async check(database) {
    await notedOrders.check(database);
    await database.query("select customer_id from orders limit 0");
  },
};

const number = z.number().int().min(1);

/** Orders with their customers' numbers, each of which leads to a customer. */
const stored = z
  .object({
    orders: z.array(storedParts.safeExtend({ note: newNotedOrder.shape.note, customer_id: number })).min(1),
    customers: z.array(z.object({ id: number, name: newNotedOrder.shape.customer })),
  })
  .superRefine(({ orders, customers }, context) => {
    const known = new Set(customers.map(({ id }) => id));
    for (const [index, { customer_id }] of orders.entries()) {
      if (!known.has(customer_id)) {
        const path = ["orders", index, "customer_id"];
        context.addIssue({
          code: "custom",
          path,
          message: "expected the id of a customer",
          input: customer_id,
        });
      }
    }
  });

const known = "select id, name from customers where name = $1";
/** Updates nothing: it makes the statement answer with the row also where another one has just added it. */
const added = `insert into customers (name) values ($1)
  on conflict (name) do update set name = excluded.name returning id, name`;

const columns = "item, quantity, note, status, created_at, shipped_at";
const order = 'item, quantity, note, status, created_at as "createdAt", shipped_at as "shippedAt"';

/** Orders by their customers' numbers; `name` is the column for the customer's name where it is written as well. */
function customerBook(name?: "customer"): OrderBook {
  const read = `orders.id, customers.name as customer, ${order}`;
  const from = "orders join customers on customers.id = orders.customer_id";
  const [written, values] = name === undefined ? ["customer_id", "id"] : [`customer_id, ${name}`, "id, name"];
  const placing = (buyer: string) => `with buyer as (${buyer}), placed as (
      insert into orders (${written}, item, quantity, note) select ${values}, $2, $3::integer, $4 from buyer
      returning id, ${columns}
    )
    select placed.id, buyer.name as customer, ${order} from placed, buyer`;
  return {
    async place(database: Database, body: unknown): Promise<Row> {
      const request = newNotedOrder.parse(body);
      const values = [request.customer, request.item, request.quantity, request.note];
      // Most customers are known: only a new one is worth a statement that writes to customers.
      const [placed] = await insert(database, placing(known), values, request);
      return placed ?? one(await insert(database, placing(added), values, request));
    },
    list: (database, { limit, status }) =>
      database.query(
        `select ${read} from ${from} where $2::text is null or status = $2 order by orders.id desc limit $1`,
        [limit, status ?? null],
      ),
    async find(database, id) {
      return (await database.query(`select ${read} from ${from} where orders.id = $1`, [id]))[0];
    },
    check: (database) =>
      database.query(`select ${name === undefined ? "" : `orders.${name}, `}${read} from ${from} limit 0`),
    stored,
  };
}

/** Schema 3, read by numbers; the name is still written for releases that read it. */
export const switchedOrders = customerBook("customer");

/** Schema 4: the name is kept in customers only. Works on schema 3 as well, where the trigger writes it. */
export const contractedOrders = customerBook();
