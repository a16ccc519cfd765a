import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { runner } from "node-pg-migrate";
import type pg from "pg";
import { hasSteps, loadSql } from "./steps";
import { Misuse } from "./task";

const dir = join(__dirname, "migrations");
const migrationsTable = "shop_migrations";

const numberOf = (name: string): number => Number(name.slice(0, 4));

/** Refuses a number that this image has no migration of. */
export async function known(to: string): Promise<void> {
  const files = (await readdir(dir)).sort();
  if (!files.some((file) => file.startsWith(`${to}_`))) {
    throw new Misuse(`there is no migration ${to} in this image, it has: ${files.join(", ")}`);
  }
}

/** Names of the migrations that have run, in order; none where there never was one. */
async function applied(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query("select to_regclass($1) is not null as present", [migrationsTable]);
  if (rows[0]?.present !== true) {
    return [];
  }
  const names = await client.query<{ name: string }>(`select name from ${migrationsTable} order by name`);
  return names.rows.map(({ name }) => name);
}

export async function isApplied(client: pg.Client, to: string): Promise<boolean> {
  return (await applied(client)).some((name) => name.startsWith(`${to}_`));
}

function options(client: pg.Client) {
  return {
    dbClient: client,
    dir,
    migrationsTable,
    // The session has locked the database for itself before.
    noLock: true,
    migrationLoaderStrategies: [{ extensions: [".sql"], loader: loadSql }],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };
}

/** Runs what is on the way; `bound` is the highest number to go up to, or the lowest to undo. */
async function run(client: pg.Client, direction: "up" | "down", bound: number): Promise<string[]> {
  const ran = await runner({
    ...options(client),
    direction,
    timestamp: true,
    count: bound,
    singleTransaction: direction === "down",
  });
  return ran.map(({ name }) => name);
}

function tell(names: string[], done: string, to: string, nothing: string): void {
  for (const name of names) {
    console.log(`migration ${name}: ${done}`);
  }
  console.log(names.length === 0 ? nothing : `the schema is at ${to}`);
}

/** Runs the migrations up to the target that have not run yet. */
export async function up(client: pg.Client, to: string): Promise<void> {
  const ran = await run(client, "up", Number(to));
  tell(ran, "done", to, `the schema is at ${to} or later already, nothing to do`);
}

/** Marks the next migration as run where it has steps: a run that ended early may have left some of them behind. */
async function countBegun(client: pg.Client, name: string): Promise<void> {
  if (await hasSteps(join(dir, `${name}.sql`))) {
    await runner({ ...options(client), direction: "up", fake: true, file: name });
  }
}

/** Undoes the migrations after the target, newest first; all of them are known to this image, or none is undone. */
export async function down(client: pg.Client, to: string): Promise<void> {
  const after = (name: string) => numberOf(name) > Number(to);
  const files = (await readdir(dir)).map((file) => basename(file, ".sql")).sort();
  const ran = await applied(client);
  const unknown = ran.filter((name) => after(name) && !files.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `${unknown.join(", ")} ran with a later release: undo it with that release's image first`,
    );
  }
  await client.query("begin");
  const next = files.find((name) => !ran.includes(name));
  if (next !== undefined && after(next)) {
    await countBegun(client, next);
  }
  const undone = await run(client, "down", Number(to) + 1);
  await client.query("commit");
  tell(undone, "undone", to, `the schema is at ${to} or before already, nothing to do`);
}
