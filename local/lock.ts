import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./user-error";

/**
 * Runs `work` while holding an exclusive lock on a file. The lock belongs to the open file, so the kernel frees
 * it when this process ends, however it ends. Waits for another holder, and says so.
 *
 * @param what what the lock protects, for messages: "the embedded cluster"
 */
export async function withLock<T>(
  path: string,
  what: string,
  waitSeconds: number,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "a+");
  try {
    if (!(await lock(file, ["--nonblock"]))) {
      const holder = readFileSync(path, "utf8");
      process.stderr.write(`Waiting for process ${holder}, which is working on ${what} …\n`);
      if (!(await lock(file, ["--timeout", String(waitSeconds)]))) {
        throw new UserError(
          `Process ${holder} has been working on ${what} for over ${waitSeconds} s. Wait for it or end it, then try again.`,
        );
      }
    }
    truncateSync(path);
    writeSync(file, String(process.pid));
    return await work();
  } finally {
    closeSync(file);
  }
}

/** flock(1) locks the open file it inherits from us, and we keep it open. */
function lock(file: number, options: string[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["--exclusive", ...options, "3"], {
      stdio: ["ignore", "ignore", "inherit", file],
    });
    child.once("error", () =>
      reject(new UserError("The program flock is missing. Install it (util-linux).")),
    );
    child.once("exit", (code) => resolve(code === 0));
  });
}
