import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logDir, stateDir } from "../settings";
import { UserError } from "../user-error";

/**
 * Every process of the cluster carries these in its environment, and so do those it starts. Reading them back from
 * /proc finds each of them whatever became of pid files, and never mistakes another process for one of ours.
 */
const clusterVariable = "RELEASE_CHANNELS_CLUSTER";
const fingerprintVariable = "RELEASE_CHANNELS_FINGERPRINT";

export interface ClusterProcess {
  /** Name of the program's file, which is also the name of its log. */
  name: string;
  command: [program: string, ...args: string[]];
  environment?: Record<string, string>;
  /** Content of files the process reads at its start: a change restarts it. */
  configuration?: string;
}

export interface RunningProcess {
  pid: number;
  /** Name of the program's file. */
  name: string;
  fingerprint: string | undefined;
}

/** What a process of the cluster sees of ours: nothing but a path, a home and the mark. */
export function processEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: stateDir,
    [clusterVariable]: stateDir,
    ...extra,
  };
}

export function logPath(name: string): string {
  return join(logDir, `${name}.log`);
}

/** All processes of this cluster. */
export function runningProcesses(): RunningProcess[] {
  return allPids().flatMap((pid) => {
    const environment = environmentOf(pid);
    if (environment?.[clusterVariable] !== stateDir) return [];
    try {
      return [{ pid, name: nameOf(pid), fingerprint: environment[fingerprintVariable] }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

export function allPids(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** What the programs that run others take the other's name from: the argument that matches. */
const subjects: Record<string, RegExp> = { node: /\.ts$/, setpriv: /^\// };

/** The program's file name; node and setpriv are named by what they run: `node run.cjs local/cluster/pod-targets.ts`. */
function nameOf(pid: number): string {
  const name = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, "");
  const isSubject = subjects[name];
  if (isSubject === undefined) return name;
  const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  return basename(args.find((argument) => isSubject.test(argument)) ?? name, ".ts");
}

/** State folder of the embedded cluster that a process belongs to, if to any. */
export function clusterOf(pid: number): string | undefined {
  return environmentOf(pid)?.[clusterVariable];
}

export function environmentOf(pid: number): Record<string, string> | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return Object.fromEntries(
      entries.map((entry) => [entry.split("=", 1)[0], entry.slice(entry.indexOf("=") + 1)]),
    );
  } catch {
    return undefined;
  }
}

/** Starts a process detached, with its own log, unless it runs as it should already. */
export async function ensureProcess(process: ClusterProcess): Promise<void> {
  const fingerprint = createHash("sha256").update(JSON.stringify(process)).digest("hex").slice(0, 16);
  const present = runningProcesses().filter(({ name }) => name === process.name);
  if (present.some((running) => running.fingerprint === fingerprint)) return;
  await endProcesses(present);

  mkdirSync(logDir, { recursive: true });
  const log = openSync(logPath(process.name), "a");
  const [program, ...args] = process.command;
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
    env: processEnvironment({ ...process.environment, [fingerprintVariable]: fingerprint }),
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new UserError(`${program} cannot be started: ${error.message}`)));
  });
  child.unref();
}

/** Ends processes: asks first (PostgreSQL by the signal that does not wait for its clients), and kills what is still there after the time given. */
export async function endProcesses(processes: RunningProcess[], graceSeconds = 5): Promise<void> {
  for (const running of processes) signal([running], running.name === "postgres" ? "SIGINT" : "SIGTERM");
  if (await allGone(processes, graceSeconds)) return;
  signal(processes, "SIGKILL");
  if (await allGone(processes, 5)) return;
  const stuck = processes.filter(isAlive).map(({ name, pid }) => `${name} (${pid})`);
  throw new UserError(
    `These processes don't end even when killed: ${stuck.join(", ")}. The machine may need a restart.`,
  );
}

async function allGone(processes: RunningProcess[], seconds: number): Promise<boolean> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(20)) {
    if (!processes.some(isAlive)) return true;
  }
  return !processes.some(isAlive);
}

function signal(processes: RunningProcess[], name: NodeJS.Signals): void {
  for (const running of processes.filter(isAlive)) {
    try {
      process.kill(running.pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
}

/** A process that ended, or whose pid another one got, no longer shows our mark. */
function isAlive({ pid }: RunningProcess): boolean {
  return clusterOf(pid) === stateDir;
}
