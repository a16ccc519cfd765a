import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { projectDir } from "../../../local/settings";

export interface CommandResult {
  /** null when it was killed. */
  exitCode: number | null;
  /** Both streams as they came. */
  output: string;
}

/** A Pulumi command under way. */
export interface RunningCommand {
  result: Promise<CommandResult>;
  /** Ends the engine, and all of its process group, without any chance to tidy up. */
  kill(): void;
}

const longestSeconds = 150;

/** Starts `pulumi` in the project's folder, as a person would, and copies what it prints to the log. */
export function startPulumi(
  args: string[],
  log: string,
  environment: NodeJS.ProcessEnv = {},
): RunningCommand {
  appendFileSync(log, `\n$ pulumi ${args.join(" ")}\n`);
  const child = spawn("pulumi", ["--non-interactive", ...args], {
    cwd: projectDir,
    env: { ...process.env, ...clusterEnvironment(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const kill = () => killGroup(child);
  const timer = setTimeout(kill, longestSeconds * 1000);
  return { kill, result: collect(child, log).finally(() => clearTimeout(timer)) };
}

async function collect(child: ChildProcess, log: string): Promise<CommandResult> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text) => {
      output += text;
      appendFileSync(log, text);
    });
  }
  // A plugin that outlives its killed engine keeps the pipes open: the end of the engine counts.
  const [exitCode] = await once(child, "exit");
  return { exitCode, output };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) {
    process.kill(-pid, "SIGKILL");
  }
}
