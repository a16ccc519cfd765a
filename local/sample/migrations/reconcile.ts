import { open } from "node:fs/promises";
import type pg from "pg";
import { explain } from "./session";

/** Where Kubernetes takes a container's last word from; elsewhere there is no such file. */
const terminationLog = "/dev/termination-log";
const examplesTold = 10;

interface Check {
  name: string;
  expected: number;
  observed: number;
  ok: boolean;
}

interface Report {
  reconciled: boolean;
  /** What the form of before says, and what the new one does. */
  checks: Check[];
  /** Orders whose number leads to no customer, or to another one than their name says. */
  suspense: number;
}

const inSuspense =
  "from orders left join customers on customers.id = orders.customer_id where customers.name is distinct from orders.customer";

const figures = `
  with before as (
    select customer, item, count(*) as orders, sum(quantity) as quantity from orders group by 1, 2
  ), after as (
    select customers.name as customer, item, count(*) as orders, sum(quantity) as quantity
    from orders join customers on customers.id = orders.customer_id group by 1, 2
  )
  select
    (select coalesce(sum(orders), 0) from before) as orders_before,
    (select coalesce(sum(orders), 0) from after) as orders_after,
    (select coalesce(sum(quantity), 0) from before) as quantity_before,
    (select coalesce(sum(quantity), 0) from after) as quantity_after,
    (select count(distinct customer) from before) as customers_before,
    (select count(distinct customer) from after) as customers_after,
    (select count(*) from before full join after using (customer, item)
      where before.orders is distinct from after.orders or before.quantity is distinct from after.quantity
    ) as groups,
    (select count(*) ${inSuspense}) as suspense`;

/** Compares what orders say by their customers' names with what they say by their customers' numbers. */
async function compare(client: pg.Client): Promise<Report> {
  const { rows } = await client.query<Record<string, string>>(figures);
  const number = (name: string) => Number(rows[0]?.[name]);
  const check = (name: string, expected: number, observed: number): Check => ({
    name,
    expected,
    observed,
    ok: expected === observed,
  });
  const suspense = number("suspense");
  const checks = [
    check("orders", number("orders_before"), number("orders_after")),
    check("quantity of all orders", number("quantity_before"), number("quantity_after")),
    check("customers with orders", number("customers_before"), number("customers_after")),
    check("customers and items whose orders or quantity differ", 0, number("groups")),
    check("orders without their customer", 0, suspense),
  ];
  return { reconciled: checks.every(({ ok }) => ok), checks, suspense };
}

/** Names some of the orders that a person has to look at, on standard error. */
async function tellSuspense(client: pg.Client, { suspense }: Report): Promise<void> {
  if (suspense === 0) {
    return;
  }
  const { rows } = await client.query(
    `select orders.id ${inSuspense} order by orders.id limit ${examplesTold}`,
  );
  const ids = rows.map(({ id }) => id).join(", ");
  console.error(`orders without their customer: ${ids}${suspense > examplesTold ? ", …" : ""}`);
}

async function publish(line: string): Promise<void> {
  process.stdout.write(`${line}\n`);
  try {
    const file = await open(terminationLog, "r+");
    await file.writeFile(line);
    await file.close();
  } catch {
    // It is not run by Kubernetes, or may not write there: standard output has it as well.
  }
}

/**
 * Compares both forms of the data, of one moment, and prints the report as one line of JSON; resolves with whether
 * they say the same. Rejects where there are no two forms: what cannot be compared is not reconciled.
 */
export async function reconcile(client: pg.Client): Promise<boolean> {
  // One snapshot, so that what is written meanwhile is seen in both forms or in none.
  await client.query("begin isolation level repeatable read read only");
  try {
    const report = await compare(client);
    await tellSuspense(client, report);
    await publish(JSON.stringify(report));
    return report.reconciled;
  } catch (error) {
    throw new Error(`the two forms cannot be compared: ${explain(error)}`, { cause: error });
  }
}
