import { spawn } from "node:child_process";
import { withoutSecrets } from "../rollout/secret-text";

/** A command that has ended. */
export interface Ended {
  stdout: string;
  /** How it failed, with its last lines; null where it succeeded. */
  problem: string | null;
}

const most = { stdoutBytes: 1 << 20, keptBytes: 1 << 14, lines: 10, columns: 200 };

const ownVariables = /^PULUMI_|^RELEASE_(EVIDENCE_KEY|OIDC_TOKEN)/;

/**
 * Runs a program with exactly these arguments, without a shell and without input, until its time is over; then it and
 * all of its process group are ended. What Pulumi's own variables hold (passphrase, token, configuration), and the
 * program's (who it is, what it signs with), is not its to know.
 */
export function runArgv(
  [file = "", ...args]: readonly string[],
  { folder, timeoutSeconds }: { folder: string; timeoutSeconds: number },
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: folder,
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.test(name))),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      shell: false,
    });
    let failure: string | null = null;
    const end = (why: string) => {
      failure ??= why;
      killGroup(child.pid);
      // What it has started elsewhere may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(
      () => end(`was not finished after ${timeoutSeconds} s, and was ended`),
      timeoutSeconds * 1000,
    );
    const interrupt = (signal: NodeJS.Signals) => {
      end(`was ended by ${signal}`);
      settle();
      process.kill(process.pid, signal);
    };
    const settle = () => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    };
    process.on("SIGINT", interrupt).on("SIGTERM", interrupt);

    const stdout: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (part: Buffer) => {
      length += part.length;
      if (length > most.stdoutBytes) end("printed more than a megabyte, and was ended");
      else stdout.push(part);
    });
    let stderr = Buffer.alloc(0);
    child.stderr.on("data", (part: Buffer) => {
      stderr = Buffer.concat([stderr, part]).subarray(-most.keptBytes);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      failure ??=
        error.code === "ENOENT"
          ? "cannot be started: there is no such program (without a '/' it is looked for in PATH, else from the project's folder)"
          : `cannot be started: ${error.message}`;
    });
    child.on("close", (code, signal) => {
      settle();
      if (code !== 0) failure ??= code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
      const printed = Buffer.concat(stdout).toString("utf8");
      const told = lastLines(stderr.length > 0 ? stderr.toString("utf8") : printed);
      resolve({ stdout: printed, problem: failure === null ? null : `${failure}${told}` });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** What a command said last, without what would steer a terminal. */
function lastLines(text: string): string {
  const lines = withoutSecrets(text.slice(-most.keptBytes))
    .replaceAll(/[^\P{Cc}\n]/gu, "")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-most.lines);
  return lines.length === 0
    ? "; it said nothing"
    : `; it said last:\n${lines.map((line) => `    ${line.slice(0, most.columns)}`).join("\n")}`;
}
