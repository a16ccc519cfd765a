import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type { CommandInputs, CommandState } from "./inputs";

export interface RunOptions {
  signal: AbortSignal;
  /** Called with every line of output that may be shown. */
  onLine: (line: string) => void;
}

/**
 * Runs a command of the resource and resolves with its output, each without a last newline. Rejects with
 * everything it printed if it fails. Aborting the signal kills it.
 */
export async function run(
  command: string,
  state: CommandState,
  { signal, onLine }: RunOptions,
): Promise<{ stdout: string; stderr: string }> {
  const interpreter = state.interpreter?.length ? state.interpreter : ["/bin/sh", "-c"];
  const [program = "/bin/sh", ...args] = interpreter;
  const child = spawn(program, [...args, command], {
    cwd: state.dir ?? process.cwd(),
    env: { ...process.env, ...state.environment, ...previousOutput(state) },
    stdio: ["pipe", "pipe", "pipe"],
    signal,
    killSignal: "SIGKILL",
  });
  // A command need not read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(state.stdin ?? "");

  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const both: Buffer[] = [];
  const shown = new PassThrough();
  const lines = showLines(shown, onLine);
  const collect = (into: Buffer[], isShown: boolean) => (chunk: Buffer) => {
    into.push(chunk);
    both.push(chunk);
    if (isShown) {
      shown.write(chunk);
    }
  };
  child.stdout.on("data", collect(stdout, isLogged(state, "stdout")));
  child.stderr.on("data", collect(stderr, isLogged(state, "stderr")));

  const failure = await exit(child);
  shown.end();
  await lines;
  if (failure !== undefined) {
    throw new Error(
      `${failure}: running ${JSON.stringify(command)}:\n${Buffer.concat(both).toString("utf8")}`,
    );
  }
  return { stdout: trimmed(stdout), stderr: trimmed(stderr) };
}

/** Resolves with what went wrong, or undefined. */
function exit(child: ReturnType<typeof spawn>): Promise<string | undefined> {
  return new Promise((resolve) => {
    let startError: Error | undefined;
    child.on("error", (error) => {
      startError = error;
      // A command that never ran has no output to wait for.
      if (child.pid === undefined) {
        resolve(error.message);
      }
    });
    child.on("close", (code, signalName) => {
      if (signalName !== null) {
        resolve(`signal: ${signalName === "SIGKILL" ? "killed" : signalName}`);
      } else if (startError !== undefined) {
        resolve(startError.message);
      } else {
        resolve(code === 0 ? undefined : `exit status ${code}`);
      }
    });
  });
}

function previousOutput({ addPreviousOutputInEnv, stdout, stderr }: CommandState): Record<string, string> {
  if (addPreviousOutputInEnv === false) {
    return {};
  }
  return {
    ...(stdout !== "" && { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr !== "" && { PULUMI_COMMAND_STDERR: stderr }),
  };
}

function isLogged({ logging }: CommandInputs, stream: "stdout" | "stderr"): boolean {
  return logging === undefined || logging === "stdoutAndStderr" || logging === stream;
}

async function showLines(output: PassThrough, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })) {
    onLine(line);
  }
}

function trimmed(chunks: Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8").replace(/\n$/, "");
}
