import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { z } from "zod";
import type { LedgerAnswer, Restoration } from "../../../restore/answers";
import type { Backup } from "../../../rollout/data-jobs";
import { findBackup, takeBackup } from "./dump";
import { connectionOf, run, start } from "./programs";
import { Refused, reasonOf, Unknown } from "./refused";
import { withRestored } from "./scratch";
import { Session } from "./session";
import { type RestoreTask, type Settings, settingsOf } from "./settings";
import { dropEverything, hasLedger, ledgerAnswer, lockLedger, lockTables, selected } from "./statements";
import { differences, ledgerSchema, quoted, rowCounts, shown, userTables } from "./tables";

/**
 * Puts a backup in the place of what is there, in one transaction: all of it or nothing. Nothing is written between
 * the backup that is taken first and the restore, so that one holds every row that is lost.
 * @param tell receives progress, a line at a time
 */
export async function restore(
  task: RestoreTask,
  live: Client,
  tell: (line: string) => void,
): Promise<Restoration> {
  const settings = settingsOf(task);
  const { path, file, sha256 } = await findBackup(task.BACKUP_FILE, settings);
  if (sha256 !== task.BACKUP_SHA256) {
    throw new Refused(`the backup ${file} is not the one that was approved: its sha256 is ${sha256}`);
  }
  tell(`restoring ${file} into a scratch database, to see that it can be`);
  const expected = ofProduct(await withRestored(path, live, settings, rowCounts));
  const session = new Session(settings.liveUrl);
  try {
    const { before, ledger } = await overwrite(session, path, task, expected, tell);
    return {
      restored: { file, sha256 },
      database: live.database ?? "",
      at: new Date().toISOString(),
      backupBefore: before,
      tables: [...expected].map(([table, rows]) => ({ table, rows })),
      ledger,
    };
  } finally {
    await session.end();
  }
}

async function overwrite(
  session: Session,
  path: string,
  task: RestoreTask,
  expected: ReadonlyMap<string, number>,
  tell: (line: string) => void,
): Promise<{ before: Backup | null; ledger: LedgerAnswer | null }> {
  const settings = settingsOf(task);
  const seconds = task.LOCK_WITHIN_SECONDS;
  await session.say("set statement_timeout to 0; set idle_in_transaction_session_timeout to 0");
  await session.say(lockLedger(seconds));
  await session.say("begin");
  tell("from now on nothing is written, and writers wait");
  await session.say(lockTables("exclusive", seconds));
  const before = task.BACKUP_NAME === undefined ? null : await backUp(task.BACKUP_NAME, settings, tell);
  tell("replacing everything, and readers wait as well");
  await session.say(lockTables("access exclusive", seconds));
  const ledgerThere = (await session.say(hasLedger)).includes("t");
  await session.say(dropEverything);
  await writeDump(session, path, ledgerThere);
  const wrong = differences(expected, await countsIn(session));
  if (wrong.length > 0) throw new Refused(`it did not become what the backup holds: ${wrong.join(", ")}`);
  const ledger = await ledgerIn(session);
  await session.say("commit").catch((error: unknown) => {
    throw new Unknown(`the connection was lost while it was committed: ${reasonOf(error)}`, { cause: error });
  });
  tell("done: it is committed");
  return { before, ledger };
}

/** What the ledger says once it is committed: nobody else writes to it before. */
async function ledgerIn(session: Session): Promise<LedgerAnswer | null> {
  if (!(await session.say(hasLedger)).includes("t")) return null;
  return JSON.parse((await session.say(ledgerAnswer)).join("")) as LedgerAnswer;
}

async function backUp(name: string, settings: Settings, tell: (line: string) => void): Promise<Backup> {
  tell("backing up what is there now");
  const before = await takeBackup(name, settings);
  tell(`it is in ${before.location}`);
  return before;
}

async function writeDump(session: Session, path: string, ledgerThere: boolean): Promise<void> {
  const { environment } = connectionOf("postgresql://");
  const folder = await mkdtemp(join(tmpdir(), "restore-"));
  try {
    const list = join(folder, "list");
    await writeFile(list, selected(await run("pg_restore", ["--list", path], environment), ledgerThere));
    const { child, ended } = start("pg_restore", ["--file=-", "--use-list", list, path], environment);
    try {
      await session.feed(child.stdout, ended);
    } finally {
      child.kill("SIGKILL");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const countedLine = z.object({ schema: z.string(), name: z.string(), rows: z.int() });

/** Rows by table as the session sees them, before it commits. */
async function countsIn(session: Session): Promise<Map<string, number>> {
  const tables = await session.say(
    `select json_build_object('schema', schema, 'name', name, 'rows', 0) from (${userTables}) as found`,
  );
  const counts = new Map<string, number>();
  for (const line of tables) {
    const table = countedLine.parse(JSON.parse(line));
    const [rows] = await session.say(`select count(*) from only ${quoted(table)}`);
    counts.set(shown(table), Number(rows));
  }
  return ofProduct(counts);
}

/** What the ledger says of today is not restored. */
function ofProduct(counts: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...counts].filter(([table]) => !table.startsWith(`${ledgerSchema}.`)));
}
