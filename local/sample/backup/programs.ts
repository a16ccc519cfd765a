import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Refused } from "./refused";

const stderrKept = 2000;

/** A connection as libpq's programs take it: the password goes by the environment, where other users cannot see it. */
export function connectionOf(url: string): { dbname: string; environment: NodeJS.ProcessEnv } {
  const shown = new URL(url);
  const password = decodeURIComponent(shown.password) || shown.searchParams.get("password");
  shown.password = "";
  shown.searchParams.delete("password");
  const { PATH, HOME, LANG } = process.env;
  return {
    dbname: shown.toString(),
    environment: { PATH, HOME, LANG, TZ: "UTC", ...(password ? { PGPASSWORD: password } : {}) },
  };
}

export interface Started {
  child: ChildProcessWithoutNullStreams;
  /** Ends with what the program has complained of; rejects where it has failed. */
  ended: Promise<void>;
}

/** Starts `pg_dump`, `pg_restore` or `psql`; no shell reads its arguments. */
export function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Started {
  const child = spawn(program, [...args], { env: environment });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-stderrKept);
  });
  // Whoever writes to it learns from its end that it has gone.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", ({ message }) => reject(new Refused(`${program} cannot be started: ${message}`)));
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Refused(`${program} failed (${signal ?? `exit code ${code}`}): ${gist(complaints)}`));
    });
  });
  ended.catch(() => undefined);
  return { child, ended };
}

/** Runs it to its end, and returns what it has printed. */
export async function run(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const { child, ended } = start(program, args, environment);
  child.stdin.end();
  const printed: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
  await ended;
  return Buffer.concat(printed).toString();
}

/** The lines that say what is wrong: a statement that is quoted after them may hold the product's data. */
function gist(complaints: string): string {
  const lines = complaints.split("\n").filter((line) => /\b(error|fatal|detail|hint)\b:/i.test(line));
  return (lines.length > 0 ? lines : complaints.split("\n")).slice(0, 4).join("\n") || "it did not say why";
}
