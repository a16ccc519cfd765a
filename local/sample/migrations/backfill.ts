import type pg from "pg";
import { isApplied, up } from "./schema";
import { Misuse } from "./task";

/** A backfill of orders. What one statement leaves behind has to be good when the next one does not come. */
interface Backfill {
  /** Condition on `orders` for those that are still to be done. */
  open: string;
  /** What the open orders with ids from `$1` to `$2` need first; a transaction of its own. */
  prepare: string;
  /** Does the open orders with ids from `$1` to `$2`; a transaction of its own. */
  fill: string;
}

const backfills: Readonly<Record<string, Backfill>> = {
  "0004": {
    open: "customer_id is null",
    // Apart from the orders: who places one for a new customer waits for no more than this.
    prepare: `insert into customers (name)
      select distinct customer from orders
      where id between $1 and $2 and customer_id is null
        and not exists (select from customers where customers.name = orders.customer)
      order by customer
      on conflict (name) do nothing`,
    fill: `update orders set customer_id = customers.id from customers
      where orders.id between $1 and $2 and orders.customer_id is null and customers.name = orders.customer`,
  },
};

const progressEveryMs = 1_000;

interface Remaining {
  done: number;
  total: number;
  /** The lowest and highest id of what is to be done; null when there is none. */
  first: string | null;
  last: string | null;
}

async function remaining(client: pg.Client, { open }: Backfill): Promise<Remaining> {
  const { rows } = await client.query(
    `select count(*) filter (where not (${open})) as done, count(*) as total,
       min(id) filter (where ${open}) as first, max(id) filter (where ${open}) as last
     from orders`,
  );
  const { done, total, first, last } = rows[0] ?? {};
  return { done: Number(done), total: Number(total), first, last };
}

/** Tells how far it has come, once a second at most, and at the end. */
function progress(total: number): { at(done: number): void; end(): void } {
  const print = (done: number) => console.log(JSON.stringify({ progress: { done, total } }));
  let next = 0;
  return {
    at(done) {
      if (Date.now() >= next && done < total) {
        print(done);
        next = Date.now() + progressEveryMs;
      }
    },
    end: () => print(total),
  };
}

/**
 * Does all orders of before, the oldest first, a batch of them at a time: locks are held for a batch only. Begun again
 * it goes on where it was, for what it has done is seen in the data. Orders placed meanwhile are done by the trigger.
 */
export async function backfill(client: pg.Client, to: string, batch: number): Promise<void> {
  const task = backfills[to];
  if (task === undefined) {
    throw new Misuse(`${to} is no backfill, those are: ${Object.keys(backfills).join(", ")}`);
  }
  // Once it has run, the columns it reads may have gone.
  if (!(await isApplied(client, to))) {
    await fill(client, task, batch);
  }
  await up(client, to);
}

async function fill(client: pg.Client, task: Backfill, batch: number): Promise<void> {
  const { done, total, first, last } = await remaining(client, task);
  const told = progress(total);
  told.at(done);
  let filled = done;
  for (let from = first; from !== null; ) {
    const { rows } = await client.query(
      `select max(id) as until from (
         select id from orders where id between $1 and $2 and ${task.open} order by id limit $3) as batch`,
      [from, last, batch],
    );
    const until: string | null = rows[0]?.until ?? null;
    if (until === null) {
      break;
    }
    await client.query(task.prepare, [from, until]);
    filled += (await client.query(task.fill, [from, until])).rowCount ?? 0;
    told.at(filled);
    from = String(BigInt(until) + 1n);
  }
  told.end();
}
