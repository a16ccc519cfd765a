import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runner } from "node-pg-migrate";
import pg from "pg";

const usage = "usage: migrate.js up --to <number of the last migration to run, e.g. 0002>";

/** How long to wait for a lock, on a table or of another migration, before giving up. */
const lockTimeout = "30s";

class Misuse extends Error {}

function target(args: string[]): string {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { to: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.join(" ") === "up" && values.to !== undefined && /^[0-9]{4}$/.test(values.to)) {
      return values.to;
    }
  } catch {
    // The usage says it better than the parser's message.
  }
  throw new Misuse(usage);
}

/** Runs the migrations up to the target that have not run yet; all of them or, if one fails, none. */
async function migrate(to: string, databaseUrl: string, dir: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: `migrate to ${to}` });
  await client.connect();
  try {
    await client.query(`set lock_timeout = '${lockTimeout}'`);
    const ran = await runner({
      dbClient: client,
      dir,
      direction: "up",
      timestamp: true,
      count: Number(to),
      migrationsTable: "shop_migrations",
      advisoryLockMode: "wait",
      logger: { info: () => undefined, warn: console.log, error: () => undefined },
    });
    for (const { name } of ran) {
      console.log(`migration ${name}: done`);
    }
    console.log(
      ran.length === 0 ? `the schema is at ${to} or later already, nothing to do` : `the schema is at ${to}`,
    );
  } finally {
    await client.end();
  }
}

/** The parts of a PostgreSQL error that help, in one line. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  if (!(error instanceof pg.DatabaseError)) {
    return error.message || String(error);
  }
  const { message, detail, hint, code } = error;
  return [`${message} (SQLSTATE ${code})`, detail, hint].filter((part) => part !== undefined).join("; ");
}

async function main(): Promise<void> {
  const to = target(process.argv.slice(2));
  const databaseUrl = process.env.DATABASE_URL;
  if (databaseUrl === undefined || databaseUrl === "") {
    throw new Misuse("DATABASE_URL is not set: it names the database to migrate");
  }
  const dir = join(__dirname, "migrations");
  const known = (await readdir(dir)).sort();
  if (!known.some((file) => file.startsWith(`${to}_`))) {
    throw new Misuse(`there is no migration ${to} in this image, it has: ${known.join(", ")}`);
  }
  try {
    await migrate(to, databaseUrl, dir);
  } catch (error) {
    throw new Error(`migration to ${to} failed, the schema is unchanged: ${explain(error)}`, {
      cause: error,
    });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof Misuse ? 2 : 1;
});
