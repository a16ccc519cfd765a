import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { withClient } from "./database";
import { connectionOf, run } from "./programs";
import { Refused, reasonOf } from "./refused";
import type { Settings } from "./settings";

/** Of one database: its name may be longer than what is left of the 63 bytes that a name may have. */
function prefixOf(database: string): string {
  return `restore_test_${createHash("sha256").update(database).digest("hex").slice(0, 8)}_`;
}

/**
 * Restores a dump into a database of its own, lets `work` look at it, and drops it again.
 * @param file path of the dump
 * @param live the database it was made of, whose encoding and collation it is restored under
 */
export async function withRestored<Result>(
  file: string,
  live: Client,
  settings: Settings,
  work: (scratch: Client) => Promise<Result>,
): Promise<Result> {
  const source = await sourceOf(live);
  const name = `${prefixOf(source.database)}${randomBytes(4).toString("hex")}`;
  return withClient(settings.scratchUrl, async (admin) => {
    try {
      await create(admin, name, source);
      const url = databaseUrl(settings.scratchUrl, name);
      const { dbname, environment } = connectionOf(url);
      const options = ["--exit-on-error", "--no-owner", "--no-privileges", "--no-password"];
      await run("pg_restore", [...options, "--dbname", dbname, file], environment);
      return await withClient(url, work);
    } finally {
      // Where that fails, what failed before it says more; the next run drops it.
      await drop(admin, name).catch(() => undefined);
    }
  });
}

/** Drops what earlier runs have left that were killed. The caller holds the database's lock: nobody uses it. */
export async function dropLeftovers(live: Client, { scratchUrl }: Settings): Promise<void> {
  const { database } = await sourceOf(live);
  await withClient(scratchUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      "select datname as name from pg_database where starts_with(datname, $1) and pg_has_role(datdba, 'MEMBER')",
      [prefixOf(database)],
    );
    for (const { name } of rows) await drop(admin, name);
  });
}

interface Source {
  database: string;
  encoding: string;
  collate: string;
  ctype: string;
}

async function sourceOf(live: Client): Promise<Source> {
  const { rows } = await live.query<Source>(
    `select datname as database, pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype
     from pg_database where datname = current_database()`,
  );
  return rows[0] as Source;
}

/** Nobody but its owner gets in: there is the product's data in it. */
async function create(admin: Client, name: string, { encoding, collate, ctype }: Source): Promise<void> {
  const options = `template template0 encoding ${escapeLiteral(encoding)} lc_collate ${escapeLiteral(collate)} lc_ctype ${escapeLiteral(ctype)}`;
  try {
    await admin.query(`create database ${escapeIdentifier(name)} ${options}`);
    await admin.query(`revoke all on database ${escapeIdentifier(name)} from public`);
  } catch (error) {
    throw new Refused(
      `the scratch database for the restore test cannot be created: ${reasonOf(error)} (role ${admin.user}; SCRATCH_DATABASE_URL names one that may)`,
      error,
    );
  }
}

async function drop(admin: Client, name: string): Promise<void> {
  await admin.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
}

function databaseUrl(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = join("/", encodeURIComponent(database));
  return other.toString();
}
