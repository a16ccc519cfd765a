import { z } from "zod";
import { type Database, type Row, sqlState } from "../service/database";
import { messageOf } from "../service/log";
import { Refusal } from "../service/routes";

/** What a customer orders. Unknown fields are ignored: clients may be newer than we are. */
export const newOrder = z.object({
  customer: z.string().min(1).max(100),
  item: z.string().min(1).max(50),
  quantity: z.number().int().min(1).max(100),
});

export const newNotedOrder = newOrder.extend({ note: z.string().max(200).nullable().default(null) });

/** What is stored of an order in every schema, by the names of its columns. */
export const storedParts = newOrder
  .omit({ customer: true })
  .extend({
    id: z.number().int().min(1),
    status: z.enum(["pending", "shipped"]),
    created_at: z.iso.datetime(),
    shipped_at: z.iso.datetime().nullable(),
  })
  .refine(({ status, shipped_at }) => (status === "shipped") === (shipped_at !== null), {
    error: "expected a time of shipping of exactly the orders that were shipped",
    path: ["shipped_at"],
  });

const storedOrder = storedParts.safeExtend({ customer: newOrder.shape.customer });
const storedNotedOrder = storedOrder.safeExtend({ note: newNotedOrder.shape.note });

/** How one schema version stores orders: which columns it writes and reads. */
export interface OrderBook {
  /** Validates the request and stores the order; the answer is the stored order. */
  place(database: Database, request: unknown): Promise<Row>;
  list(database: Database, filter: { limit: number; status?: string }): Promise<Row[]>;
  find(database: Database, id: string): Promise<Row | undefined>;
  /** Rejects unless the database has the tables and columns that this book needs. */
  check(database: Database): Promise<unknown>;
  /** Stored rows by table as this book reads them; columns and tables it does not know are left alone. */
  stored: z.ZodType;
}

const foreignKeyViolation = "23503";
const undefinedTableOrColumn = ["42P01", "42703"];

/** Runs a statement that stores this order; no rows where it found nothing to do. */
export async function insert(
  database: Database,
  sql: string,
  values: unknown[],
  { item }: { item: string },
): Promise<Row[]> {
  try {
    return await database.query(sql, values);
  } catch (error) {
    throw sqlState(error) === foreignKeyViolation ? new Refusal(422, `there is no product ${item}`) : error;
  }
}

function orderBook<Order extends z.infer<typeof newOrder>>(
  request: z.ZodType<Order>,
  columns: readonly (keyof Order & string)[],
  stored: z.ZodType,
): OrderBook {
  const written = columns.join(", ");
  const read = `id, ${written}, status, created_at as "createdAt", shipped_at as "shippedAt"`;
  const placeholders = columns.map((_, index) => `$${index + 1}`).join(", ");
  return {
    async place(database, body) {
      const order = request.parse(body);
      const values = columns.map((column) => order[column]);
      const sql = `insert into orders (${written}) values (${placeholders}) returning ${read}`;
      return one(await insert(database, sql, values, order));
    },
    list: (database, { limit, status }) =>
      database.query(
        `select ${read} from orders where $2::text is null or status = $2 order by id desc limit $1`,
        [limit, status ?? null],
      ),
    async find(database, id) {
      return (await database.query(`select ${read} from orders where id = $1`, [id]))[0];
    },
    check: (database) => database.query(`select ${read} from orders limit 0`),
    stored: z.object({ orders: z.array(stored).min(1) }),
  };
}

export function one(rows: Row[]): Row {
  const [row] = rows;
  if (row === undefined) {
    throw new Error("the database returned no row for an order just stored");
  }
  return row;
}

/** Schema 1. It names its columns, so it keeps working when a later schema has more of them. */
export const plainOrders = orderBook(newOrder, ["customer", "item", "quantity"], storedOrder);

/** Schema 2: orders carry a note. Rows that schema 1 wrote have none and read as `note: null`. */
export const notedOrders = orderBook(
  newNotedOrder,
  ["customer", "item", "quantity", "note"],
  storedNotedOrder,
);

/** Rejects with a sentence a person can act on when the database lacks what this version needs. */
export async function checkSchema(database: Database, orders: OrderBook): Promise<void> {
  try {
    await orders.check(database);
  } catch (error) {
    throw undefinedTableOrColumn.includes(sqlState(error) ?? "")
      ? new Error(`the schema lacks what this version needs, run its migrations: ${messageOf(error)}`, {
          cause: error,
        })
      : new Error(`the database is not reachable: ${messageOf(error)}`, { cause: error });
  }
}
