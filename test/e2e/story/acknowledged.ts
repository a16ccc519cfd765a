import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Client } from "pg";
import { type AcknowledgedOrder, acknowledgedOrder } from "../../../local/load/acknowledged";

export interface WriteCheck {
  /** How many acknowledged orders were looked for. */
  checked: number;
  /** Those that are not there with the values they were acknowledged with. */
  lost: number;
  /** Orders that are there, or were acknowledged, more often than they were placed. */
  duplicates: number;
  /** Some of both, for a person to look at. */
  examples: unknown[];
}

const batch = 10_000;
const examplesKept = 10;

async function insert(client: Client, orders: AcknowledgedOrder[]): Promise<void> {
  await client.query(
    `insert into acknowledged select * from
       jsonb_to_recordset($1) as one(id bigint, customer text, item text, quantity integer)`,
    [JSON.stringify(orders)],
  );
}

/** Copies the load generator's file into a table of this session. */
async function readAcknowledged(client: Client, file: string): Promise<void> {
  await client.query(
    "create temp table acknowledged (id bigint, customer text, item text, quantity integer)",
  );
  let orders: AcknowledgedOrder[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    orders.push(acknowledgedOrder.parse(JSON.parse(line)));
    if (orders.length === batch) {
      await insert(client, orders);
      orders = [];
    }
  }
  await insert(client, orders);
  await client.query("analyze acknowledged");
}

/** The stored orders, with their customer by name and by number: twice the same where the schema has one of them. */
async function storedOrders(client: Client): Promise<string> {
  const { rows } = await client.query<{ attname: string }>(
    "select attname from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped",
  );
  const has = (column: string) => rows.some(({ attname }) => attname === column);
  const columns = (name: string, number: string) =>
    `select orders.id, item, quantity, ${name} as by_name, ${number} as by_number from orders`;
  if (!has("customer_id")) {
    return columns("customer", "customer");
  }
  // Before the backfill the number may be missing, but it is never another customer's.
  const selected = has("customer")
    ? columns("customer", "coalesce(customers.name, customer)")
    : columns("customers.name", "customers.name");
  return `${selected} left join customers on customers.id = orders.customer_id`;
}

/**
 * Looks for every order of the load generator's file in the database, through whichever form the schema has now. No two
 * orders of the generator are alike, so one that is stored twice is found by its values.
 */
export async function checkAcknowledged(client: Client, file: string): Promise<WriteCheck> {
  await readAcknowledged(client, file);
  const stored = `with stored as (${await storedOrders(client)})`;
  const count = await client.query<{ count: string }>("select count(*) from acknowledged");
  const lost = await client.query(
    `${stored} select placed.* from acknowledged as placed left join stored on stored.id = placed.id
     where (stored.item, stored.quantity, by_name, by_number)
       is distinct from (placed.item, placed.quantity, placed.customer, placed.customer)`,
  );
  const twiceStored = await client.query(
    `${stored}, found as (
       select by_name as customer, item, quantity, count(*) as times from stored group by 1, 2, 3
     ), placed as (
       select customer, item, quantity, greatest(count(distinct id), 1) as times from acknowledged group by 1, 2, 3
     )
     select customer, item, quantity, found.times from found join placed using (customer, item, quantity)
     where found.times > placed.times`,
  );
  const twiceAcknowledged = await client.query(
    "select id, count(*) as times from acknowledged where id is not null group by id having count(*) > 1",
  );
  await client.query("drop table acknowledged");
  const examples = [lost, twiceStored, twiceAcknowledged].flatMap(({ rows }) => rows.slice(0, examplesKept));
  return {
    checked: Number(count.rows[0]?.count),
    lost: lost.rows.length,
    duplicates: twiceStored.rows.length + twiceAcknowledged.rows.length,
    examples,
  };
}
