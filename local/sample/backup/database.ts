import pg from "pg";
import { Refused, reasonOf } from "./refused";
import type { Settings } from "./settings";

/** Held by every backup, comparison and restore of a database: one at a time. */
const lockName = "release-channels backup";
const lockWithin = "60s";

/** The same text for the same value, whatever the database or the role is set to; and no end to long work. */
const sessionSettings = `
  set timezone to 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres';
  set extra_float_digits to 1; set bytea_output to 'hex'; set search_path to '';
  set statement_timeout to 0; set idle_in_transaction_session_timeout to 0`;

/** Opens a connection for `work` and closes it, however that ends. */
export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    application_name: lockName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that breaks is told by the query that needs it.
  client.on("error", () => undefined);
  const { host, port, database } = client;
  try {
    await client.connect();
    await client.query(sessionSettings);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new Refused(
      `the database ${database} at ${host}:${port} cannot be reached: ${reasonOf(error)}`,
      error,
    );
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The live database, while nothing else backs it up or restores it. */
export function withLive<Result>(
  { liveUrl }: Settings,
  work: (live: pg.Client) => Promise<Result>,
): Promise<Result> {
  return withClient(liveUrl, async (live) => {
    await live.query(`set lock_timeout to '${lockWithin}'`);
    try {
      await live.query("select pg_advisory_lock(hashtextextended($1, 0))", [lockName]);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== "55P03") throw error;
      throw new Refused(`${await holder(live)} and has not ended for ${lockWithin}: try again later`);
    }
    return await work(live);
  });
}

async function holder(live: pg.Client): Promise<string> {
  const { rows } = await live.query<{ pid: number; client: string; since: string }>(
    `select a.pid, coalesce(host(a.client_addr), 'this machine') as client, a.backend_start::text as since
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and a.application_name = $1 and a.pid <> pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())`,
    [lockName],
  );
  const [other] = rows;
  const who = other === undefined ? "" : ` (from ${other.client} since ${other.since}, pid ${other.pid})`;
  return `another backup or restore of this database runs${who}`;
}
