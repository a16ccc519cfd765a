import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
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
/** By what all processes of a stack's commands are known; their children inherit it. */
const stackVariable = "STORY_STACK";

/** Starts `pulumi` for a stack in the project's folder, as a person would, and copies what it prints to the log. */
export function startPulumi(
  stack: string,
  words: string[],
  log: string,
  environment: NodeJS.ProcessEnv = {},
): RunningCommand {
  const args = [...words, "--stack", stack];
  appendFileSync(log, `\n$ pulumi ${args.join(" ")}\n`);
  const child = spawn("pulumi", ["--non-interactive", ...args], {
    cwd: projectDir,
    env: {
      ...process.env,
      ...clusterEnvironment(),
      ...environment,
      [stackVariable]: stack,
    },
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

/** Ends what killed engines of a stack may have left running: language hosts, the program, plugins, and their children. */
export function endLeftovers(stack: string): void {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      if (environment.includes(`${stackVariable}=${stack}`)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}
