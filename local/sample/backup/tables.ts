import { type ClientBase, escapeIdentifier } from "pg";

/** Schema of the migrations' ledger. */
export const ledgerSchema = "release_channels";

export interface Table {
  schema: string;
  name: string;
}

/** Tables with rows of their own: no views, no partitioned parents, nothing of the server's or an extension's. */
export const userTables = `
  select n.nspname as schema, c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence <> 't'
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by 1, 2`;

export function quoted({ schema, name }: Table): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}

export function shown({ schema, name }: Table): string {
  return `${schema}.${name}`;
}

export async function tablesOf(client: ClientBase): Promise<Table[]> {
  return (await client.query<Table>(userTables)).rows;
}

/** Rows by table, `public.orders` → 42, in the client's own snapshot. */
export async function rowCounts(client: ClientBase): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const table of await tablesOf(client)) {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) as count from only ${quoted(table)}`,
    );
    counts.set(shown(table), Number(rows[0]?.count));
  }
  return counts;
}

/** What is different about the second one, as sentences; none where they are the same. */
export function differences(
  expected: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
): string[] {
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return names.flatMap((table) => {
    const [wanted, got] = [expected.get(table), found.get(table)];
    if (wanted === got) return [];
    if (got === undefined) return [`${table} is missing`];
    if (wanted === undefined) return [`${table} should not be there`];
    return [`${table} has ${got} rows instead of ${wanted}`];
  });
}
