import { backfill } from "./backfill";
import { reconcile } from "./reconcile";
import { down, known, up } from "./schema";
import { explain, inSession, lock } from "./session";
import { Misuse, readTask, type Task } from "./task";

function databaseUrl(): string {
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === "") {
    throw new Misuse("DATABASE_URL is not set: it names the database to migrate");
  }
  return url;
}

type Migration = Exclude<Task, { command: "reconcile" }>;

const failures: Record<Migration["command"], string> = {
  up: "migration to",
  down: "going back to",
  backfill: "backfill",
};

async function migrate(task: Migration, url: string): Promise<void> {
  await known(task.to);
  try {
    await inSession(url, `${task.command} to ${task.to}`, async (client) => {
      await lock(client);
      if (task.command === "up") await up(client, task.to);
      else if (task.command === "down") await down(client, task.to);
      else await backfill(client, task.to, task.batch);
    });
  } catch (error) {
    if (error instanceof Misuse) throw error;
    const sentence = `${failures[task.command]} ${task.to} failed, and can be run again: ${explain(error)}`;
    throw new Error(sentence, { cause: error });
  }
}

/** The exit code: 0 when it is done, 1 when it failed, 2 when it was told nothing that can be done. */
async function main(): Promise<number> {
  const task = readTask(process.argv.slice(2));
  const url = databaseUrl();
  if (task.command !== "reconcile") {
    await migrate(task, url);
    return 0;
  }
  return (await inSession(url, "reconcile", reconcile)) ? 0 : 1;
}

// The first process of a container ends at no signal that it does not ask for; what is under way is rolled back.
process.once("SIGTERM", () => process.exit(143));

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(explain(error));
    process.exitCode = error instanceof Misuse ? 2 : 1;
  },
);
