import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../user-error";
import { logPath, runningProcesses } from "./process";

interface Wait {
  /** What is waited for, as in "PostgreSQL answers". */
  what: string;
  /** The process that brings it about: the wait ends when it does, and errors show its log. */
  process: string;
  seconds: number;
  /** Returns whether it is there; a thrown error counts as "not yet" and is shown when time is up. */
  check: () => Promise<boolean>;
}

/** In the moment in which one program becomes another (setpriv, then postgres) it shows as neither. */
const looksThatConvince = 10;

/** Polls until a condition holds, its process has died, or time is up. */
export async function waitFor({ what, process, seconds, check }: Wait): Promise<void> {
  let lastError = "";
  let looksMissing = 0;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(100)) {
    try {
      if (await check()) return;
    } catch (error) {
      lastError = error instanceof Error ? ` (${error.message.split("\n")[0]})` : "";
    }
    looksMissing = runningProcesses().some(({ name }) => name === process) ? 0 : looksMissing + 1;
    if (looksMissing === looksThatConvince) {
      throw new UserError(`${process} ended before ${what}${lastError}.\n${describeLog(process)}`);
    }
  }
  throw new UserError(`Waited ${seconds} s in vain until ${what}${lastError}.\n${describeLog(process)}`);
}

function describeLog(process: string): string {
  const path = logPath(process);
  if (!existsSync(path)) return `It wrote no log (${path}).`;
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(-8);
  return `Its log, ${path}, ends with:\n${lines.map((line) => `  ${line.slice(0, 300)}`).join("\n")}`;
}

/** Whether an HTTP address answers with success. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  return response.ok;
}
