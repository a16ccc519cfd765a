import { type Client, escapeIdentifier } from "pg";
import { z } from "zod";
import type { Comparison, LedgerAnswer, MigrationSince, TableComparison } from "../../../restore/answers";
import { findBackup } from "./dump";
import { withRestored } from "./scratch";
import type { Settings } from "./settings";
import { hasLedger, ledgerAnswer } from "./statements";
import { ledgerSchema, quoted, shown, type Table, tablesOf } from "./tables";

/** Above this, two passes over a table take minutes. */
const comparedRowsAtMost = 5_000_000;
const rowsAtOnce = 5_000;

/** Restores the backup beside the live database, and says what is different there by now. Changes nothing. */
export async function compare(file: string, live: Client, settings: Settings): Promise<Comparison> {
  const { path, ...backup } = await findBackup(file, settings);
  return withRestored(path, live, settings, async (restored) => {
    const comparedAt = new Date().toISOString();
    for (const client of [live, restored]) {
      await client.query("begin transaction isolation level repeatable read read only");
    }
    const names = new Map<string, Table>();
    for (const client of [live, restored]) {
      for (const table of await tablesOf(client)) names.set(shown(table), table);
    }
    const tables: TableComparison[] = [];
    for (const name of [...names.keys()].sort()) {
      const table = names.get(name) as Table;
      if (table.schema !== ledgerSchema) tables.push(await compareTable(table, live, restored));
    }
    const migrations = await migrationsSince(live, restored);
    const ledger = await answerOfLedger(live);
    return { backup, database: live.database ?? "", comparedAt, tables, migrations, ledger };
  });
}

interface Shape {
  rows: number;
  columns: string[];
  key: string[];
}

async function compareTable(table: Table, live: Client, restored: Client): Promise<TableComparison> {
  const [now, then] = [await shapeOf(live, table), await shapeOf(restored, table)];
  const counts = { table: shown(table), now: now?.rows ?? null, inBackup: then?.rows ?? null };
  const newColumns = then === null ? [] : (now?.columns ?? []).filter((name) => !then.columns.includes(name));
  const counted = (newer: number | null, deleted: number | null, onlyCounted: string | null) => ({
    ...{ ...counts, newer, changed: null, deleted, newColumns, onlyCounted },
  });
  if (now === null) return counted(null, then?.rows ?? null, null);
  if (then === null) return counted(now.rows, null, null);
  const { key } = now;
  if (key.length === 0) return counted(null, null, "it has no primary key");
  if (!key.every((name) => then.columns.includes(name))) {
    return counted(null, null, "its primary key is another one now");
  }
  if (Math.max(now.rows, then.rows) > comparedRowsAtMost) {
    return counted(null, null, `it has more than ${comparedRowsAtMost} rows`);
  }
  const common = now.columns.filter((name) => then.columns.includes(name));
  const found = await compareRows(
    fingerprints(live, table, key, common),
    fingerprints(restored, table, key, common),
  );
  return { ...counts, ...found, newColumns, onlyCounted: null };
}

/** Null where there is no such table. */
async function shapeOf(client: Client, table: Table): Promise<Shape | null> {
  const { rows: columns } = await client.query<{ name: string; is_key: boolean }>(
    `select a.attname as name, coalesce(a.attnum = any(i.indkey), false) as is_key
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     left join pg_index i on i.indrelid = c.oid and i.indisprimary
     where n.nspname = $1 and c.relname = $2 and c.relkind = 'r' order by a.attname`,
    [table.schema, table.name],
  );
  if (columns.length === 0) return null;
  const { rows } = await client.query<{ count: string }>(
    `select count(*) as count from only ${quoted(table)}`,
  );
  return {
    rows: Number(rows[0]?.count),
    columns: columns.map(({ name }) => name),
    key: columns.filter(({ is_key }) => is_key).map(({ name }) => name),
  };
}

interface Fingerprint {
  key: string;
  row: string;
}

/** Hashes of each row's key and values, in the order of the former: the same order on both sides, whatever the types. */
async function* fingerprints(
  client: Client,
  table: Table,
  key: readonly string[],
  columns: readonly string[],
): AsyncGenerator<Fingerprint> {
  const hash = (names: readonly string[]) => `md5(row(${names.map(escapeIdentifier).join(", ")})::text)`;
  await client.query(
    `declare rows no scroll cursor for
     select ${hash(key)} collate "C" as key, ${hash(columns)} as row from only ${quoted(table)} order by 1`,
  );
  for (;;) {
    const { rows } = await client.query<Fingerprint>(`fetch ${rowsAtOnce} from rows`);
    yield* rows;
    if (rows.length < rowsAtOnce) break;
  }
  await client.query("close rows");
}

export async function compareRows(
  now: AsyncIterator<Fingerprint>,
  then: AsyncIterator<Fingerprint>,
): Promise<{ newer: number; changed: number; deleted: number }> {
  const found = { newer: 0, changed: 0, deleted: 0 };
  let [left, right] = [await now.next(), await then.next()];
  while (!left.done || !right.done) {
    if (!left.done && (right.done || left.value.key < right.value.key)) {
      found.newer++;
      left = await now.next();
    } else if (!right.done && (left.done || right.value.key < left.value.key)) {
      found.deleted++;
      right = await then.next();
    } else {
      if (left.value.row !== right.value.row) found.changed++;
      [left, right] = [await now.next(), await then.next()];
    }
  }
  return found;
}

/** A row of the ledger as far as it is shown. */
const ledgerRow = z.object({
  id: z.string(),
  phase: z.string().nullish(),
  state: z.string().nullish(),
  channel: z.string().nullish(),
  version: z.string().nullish(),
  finished_at: z.string().nullish(),
});

async function migrationsSince(live: Client, restored: Client): Promise<MigrationSince[] | null> {
  const now = await ledgerOf(live);
  if (now === null) return null;
  const then = new Map((await ledgerOf(restored))?.map(({ id, state }) => [id, state ?? null]));
  return now
    .filter(({ id, state }) => (then.get(id) ?? null) !== (state ?? null))
    .map(({ id, phase, state, channel, version, finished_at }) => ({
      id,
      phase: phase ?? null,
      state: state ?? null,
      stateInBackup: then.get(id) ?? null,
      channel: channel ?? null,
      version: version ?? null,
      finishedAt: finished_at ?? null,
    }));
}

async function ledgerOf(client: Client): Promise<z.infer<typeof ledgerRow>[] | null> {
  const name = `${ledgerSchema}.migration`;
  const { rows: found } = await client.query<{ there: boolean }>(
    "select to_regclass($1) is not null as there",
    [name],
  );
  if (found[0]?.there !== true) return null;
  const { rows } = await client.query(`select to_jsonb(m) as row from ${name} m order by m.id`);
  return rows.map(({ row }) => ledgerRow.parse(row));
}

async function answerOfLedger(live: Client): Promise<LedgerAnswer | null> {
  const { rows: found } = await live.query<{ there: boolean }>(`${hasLedger} as there`);
  if (found[0]?.there !== true) return null;
  const { rows } = await live.query<{ answer: string }>(ledgerAnswer);
  return rows[0] === undefined ? null : (JSON.parse(rows[0].answer) as LedgerAnswer);
}
