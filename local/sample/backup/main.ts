import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { unchangedExitCode } from "../../../restore/answers";
import { compare } from "./compare";
import { withLive } from "./database";
import { removePartials, takeBackup } from "./dump";
import { reasonOf, Unknown } from "./refused";
import { restore } from "./restore";
import { dropLeftovers } from "./scratch";
import { readTask, settingsOf, type Task } from "./settings";

const terminationLog = "/dev/termination-log";

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** @returns what the task has to say: one JSON line */
async function perform(task: Task): Promise<object> {
  const settings = settingsOf(task);
  return withLive(settings, async (live) => {
    await removePartials(settings);
    await dropLeftovers(live, settings);
    switch (task.BACKUP_TASK) {
      case "backup":
        return takeBackup(task.BACKUP_NAME, settings);
      case "compare":
        return compare(task.BACKUP_FILE, live, settings);
      case "restore":
        return restore(task, live, tell);
    }
  });
}

async function main(): Promise<void> {
  const task = readTask(process.env, process.argv[2]);
  const answer = JSON.stringify(await perform(task));
  process.stdout.write(`${answer}\n`);
  // Kubernetes keeps 4096 bytes: enough for a backup, not for many tables.
  if (task.BACKUP_TASK === "backup" && existsSync(terminationLog)) leave(answer);
}

function leave(answer: string): void {
  const file = openSync(terminationLog, "w");
  try {
    writeSync(file, answer);
  } finally {
    closeSync(file);
  }
}

// The first process of a container is not ended by a signal that it does not take.
process.once("SIGTERM", () => process.exit(128 + constants.signals.SIGTERM));

main().catch((error: unknown) => {
  tell(reasonOf(error).replaceAll(/\s*\n\s*/g, " / "));
  process.exitCode = error instanceof Unknown ? unchangedExitCode + 1 : unchangedExitCode;
});
