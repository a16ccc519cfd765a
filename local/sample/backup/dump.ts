import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import type { Backup } from "../../../rollout/data-jobs";
import { withClient } from "./database";
import { connectionOf, run } from "./programs";
import { Refused, reasonOf } from "./refused";
import { withRestored } from "./scratch";
import type { Settings } from "./settings";
import { differences, rowCounts } from "./tables";

/** Removes what earlier backups of this channel have left that were killed. The caller holds the database's lock. */
export async function removePartials({ dir, channel }: Settings): Promise<void> {
  if (channel === undefined) return;
  // After the channel's name comes a transition's id, which has no hyphen: no other channel's is taken for one.
  const own = (name: string) => /^-[^-]+\.dump\.partial$/.test(name.slice(channel.length));
  const names = (await list(dir)).filter((name) => name.startsWith(channel) && own(name));
  for (const name of names) await rm(join(dir, name), { force: true });
}

/**
 * Takes a backup, restores it once, and only then gives it its name: what is called `.dump` can be restored. The
 * caller holds the database's lock.
 */
export async function takeBackup(name: string, settings: Settings): Promise<Backup> {
  const location = join(settings.dir, `${name}.dump`);
  const partial = `${location}.partial`;
  await rm(partial, { force: true });
  try {
    return await withClient(settings.liveUrl, async (live) => {
      await live.query("begin transaction isolation level repeatable read read only");
      const takenAt = new Date().toISOString();
      const counts = await rowCounts(live);
      await dump(partial, await exportSnapshot(live), settings);
      await live.query("commit");
      const { bytes, sha256 } = await seal(partial);
      const restored = await withRestored(partial, live, settings, rowCounts);
      const wrong = differences(counts, restored);
      if (wrong.length > 0)
        throw new Refused(`the backup does not restore to what it was made of: ${wrong.join(", ")}`);
      await rename(partial, location);
      await flush(settings.dir);
      return {
        name: live.database ?? "",
        location,
        size_bytes: bytes,
        sha256,
        taken_at: takenAt,
        restore_test: { at: new Date().toISOString(), passed: true },
      };
    });
  } finally {
    await rm(partial, { force: true });
  }
}

async function exportSnapshot(live: Client): Promise<string> {
  const { rows } = await live.query<{ id: string }>("select pg_export_snapshot() as id");
  return (rows[0] as { id: string }).id;
}

async function dump(file: string, snapshot: string, { liveUrl, dir }: Settings): Promise<void> {
  const { dbname, environment } = connectionOf(liveUrl);
  const options = ["--format=custom", "--no-password", "--snapshot", snapshot, "--file", file];
  try {
    await run("pg_dump", [...options, "--dbname", dbname], environment);
  } catch (error) {
    if (/no space left|disk quota/i.test(reasonOf(error))) {
      throw new Refused(`the backups' volume ${dir} is full: remove old backups, or make it larger`, error);
    }
    throw error;
  }
}

/** On disk for good, and what it is. */
async function seal(file: string): Promise<{ bytes: number; sha256: string }> {
  await flush(file);
  return { bytes: (await stat(file)).size, sha256: await sha256Of(file) };
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

export interface KnownBackup {
  file: string;
  path: string;
  size_bytes: number;
  sha256: string;
  taken_at: string;
}

/** @throws {Refused} where there is none of this name, or it is cut or no dump. */
export async function findBackup(file: string, { dir }: Settings): Promise<KnownBackup> {
  const path = join(dir, file);
  const names = await list(dir);
  if (!names.includes(file)) {
    const known = names
      .filter((name) => name.endsWith(".dump"))
      .sort()
      .reverse();
    const told = known.length > 10 ? [...known.slice(0, 10), `and ${known.length - 10} older ones`] : known;
    throw new Refused(`there is no backup ${file}; there are: ${told.join(", ") || "none"}`);
  }
  const about = await run("pg_restore", ["--list", path], connectionOf("postgresql://").environment).catch(
    (error: unknown) => {
      throw new Refused(`the backup ${file} cannot be read: ${reasonOf(error)}`, error);
    },
  );
  const created = /^;\s+Archive created at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/m.exec(about);
  const { size, mtime } = await stat(path);
  return {
    file,
    path,
    size_bytes: size,
    sha256: await sha256Of(path),
    taken_at: created === null ? mtime.toISOString() : new Date(`${created[1]}T${created[2]}Z`).toISOString(),
  };
}

async function list(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    throw new Refused(`the backups' volume ${dir} cannot be read: ${reasonOf(error)}`, error);
  }
}
