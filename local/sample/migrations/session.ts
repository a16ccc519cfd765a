import { setTimeout as sleep } from "node:timers/promises";
import { PG_MIGRATE_LOCK_ID } from "node-pg-migrate";
import pg from "pg";

/** How long to wait for a lock, on a table or of another migration, before giving up; in milliseconds. */
const lockTimeoutMs = 30_000;
const askAgainMs = 100;

/** Opens a session for one task, which pg_stat_activity shows by its name. */
export async function inSession<T>(
  databaseUrl: string,
  name: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: name });
  // A connection that is lost makes the query under way fail, which says it; the event would end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${lockTimeoutMs}`);
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Keeps other migrations of this database out until the session ends. It asks again and again instead of waiting in
 * the database: what waits there has a snapshot, for which `create index concurrently` would wait in turn.
 */
export async function lock(client: pg.Client): Promise<void> {
  const end = Date.now() + lockTimeoutMs;
  while (Date.now() < end) {
    const { rows } = await client.query("select pg_try_advisory_lock($1) as locked", [PG_MIGRATE_LOCK_ID]);
    if (rows[0]?.locked === true) {
      return;
    }
    await sleep(askAgainMs);
  }
  throw new Error(`another migration of this database did not end within ${lockTimeoutMs / 1000} s`);
}

/** The parts of an error that help, PostgreSQL's among them, in one line. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  if (!(error instanceof pg.DatabaseError)) {
    return error.message || String(error);
  }
  const { message, detail, hint, code } = error;
  return [`${message} (SQLSTATE ${code})`, detail, hint].filter((part) => part !== undefined).join("; ");
}
