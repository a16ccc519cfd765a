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

/** What a stored order says of its customer: by name, by number, or by both where the schema has both. */
async function customers(client: Client): Promise<{ from: string; forms: string[] }> {
  const { rows } = await client.query<{ attname: string }>(
    "select attname from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped",
  );
  const has = (column: string) => rows.some(({ attname }) => attname === column);
  if (!has("customer_id")) {
    return { from: "orders", forms: ["orders.customer"] };
  }
  const from = "orders left join customers on customers.id = orders.customer_id";
  // Before the backfill the number may be missing, but it is never another customer's.
  return has("customer")
    ? { from, forms: ["orders.customer", "coalesce(customers.name, orders.customer)"] }
    : { from, forms: ["customers.name"] };
}

/**
 * Looks for every order of the load generator's file in the database, through whichever form the schema has now. No two
 * orders of the generator are alike, so one that is stored twice is found by its values.
 */
export async function checkAcknowledged(client: Client, file: string): Promise<WriteCheck> {
  await readAcknowledged(client, file);
  const { from, forms } = await customers(client);
  const same = forms.map((form) => `${form} = acknowledged.customer`).join(" and ");
  const count = await client.query<{ count: string }>("select count(*) from acknowledged");
  const lost = await client.query(
    `select acknowledged.* from acknowledged left join (${from}) on orders.id = acknowledged.id
     where (orders.item = acknowledged.item and orders.quantity = acknowledged.quantity and ${same}) is not true`,
  );
  const twiceStored = await client.query(
    `with stored as (select ${forms[0]} as customer, item, quantity, count(*) as times from ${from} group by 1, 2, 3),
       placed as (select customer, item, quantity, greatest(count(distinct id), 1) as times from acknowledged group by 1, 2, 3)
     select customer, item, quantity, stored.times from stored join placed using (customer, item, quantity)
     where stored.times > placed.times`,
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
