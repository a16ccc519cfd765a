import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { promisify } from "node:util";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { projectDir } from "../../../local/settings";
import type { TestChannel, Update } from "./channel";
import type { CommandResult, RunningCommand } from "./command";
import { eventually } from "./eventually";
import { liveWeights } from "./kubernetes";
import { changedIn, haveChanged, type Moment, readEvents } from "./moments";

export function versionIsSet(channel: TestChannel, version: string): void {
  channel.set({ version });
}

export function up(channel: TestChannel, ...args: string[]): Promise<Update> {
  return channel.up(...args);
}

/** `pulumi up` again and again until it is no longer held: it made a transition, or failed. */
export function upOnceOpen(channel: TestChannel): Promise<Update> {
  return eventually(
    () => channel.up(),
    ({ exitCode, before, after }) => exitCode !== 0 || before?.transition.id !== after?.transition.id,
    ({ output }) => `the gates to open; the last update said:\n${output}`,
  );
}

/** Updates, each as soon as its gates are open, until the candidate has this share. */
export async function rolloutReaches(channel: TestChannel, weight: number): Promise<void> {
  for (let status = channel.status(); status?.weight !== weight; status = channel.status()) {
    changed(await upOnceOpen(channel));
  }
}

/** Updates until the candidate is the only release that is left. */
export async function rolloutIsCompleted(channel: TestChannel): Promise<void> {
  for (let status = channel.status(); status?.candidate !== null; status = channel.status()) {
    changed(await upOnceOpen(channel));
  }
}

function changed({ exitCode, output }: Update): void {
  if (exitCode !== 0) {
    throw new Error(
      `expected the rollout to go on, but the update ended with exit code ${exitCode}:\n${output}`,
    );
  }
}

/** Nothing holds the next stage back any more. */
export async function gatesAreOpen(channel: TestChannel): Promise<void> {
  await eventually(
    () => channel.run("preview"),
    ({ exitCode, output }) => exitCode === 0 && !/\bheld\b/.test(output),
    ({ output }) => `the gates to open; the last preview said:\n${output}`,
  );
}

/** Something holds the next stage back, and says so. */
export async function gatesHold(channel: TestChannel, reason: RegExp): Promise<void> {
  await eventually(
    () => channel.run("preview"),
    ({ exitCode, output }) => exitCode === 0 && reason.test(output.replaceAll(/\s+/g, " ")),
    ({ output }) => `the gates to hold, because of ${reason}; the last preview said:\n${output}`,
  );
}

export function preview(channel: TestChannel, ...args: string[]): Promise<CommandResult> {
  return channel.run("preview", ...args);
}

export async function refreshed(channel: TestChannel): Promise<void> {
  await channel.succeed("refresh", "--yes");
}

/** The stack's state is lost, while everything in the cluster stays. */
export async function stateIsLost(channel: TestChannel): Promise<void> {
  await channel.succeed("stack", "rm", "--force", "--yes", "--preserve-config");
  await channel.succeed("stack", "init");
}

export function releaseFilesAreGone(channel: TestChannel): void {
  rmSync(channel.releasesDir, { recursive: true });
}

/** What the cluster and the record said right after the engine was killed. */
export interface Killed {
  weights: Record<string, number>;
  /** Whether the update had already come to its end by itself. */
  tooLate: boolean;
}

/** An update under way at a moment of it, or one that had come to its end by itself before. */
export interface ReachedUpdate extends RunningCommand {
  ended: boolean;
}

/** Starts `pulumi up`, and returns as soon as the moment has come. */
export async function updateReaches(channel: TestChannel, moment: Moment): Promise<ReachedUpdate> {
  const events = eventsOf(channel);
  rmSync(events, { force: true });
  // The flag is one for debugging, which the engine hides unless it is told otherwise.
  const environment = { PULUMI_DEBUG_COMMANDS: "true" };
  const command = channel.start(["up", "--yes", "--skip-preview", "--event-log", events], environment);
  let ended = false;
  const result = command.result.finally(() => {
    ended = true;
  });
  while (!ended && !moment(readEvents(events), await liveWeights(channel.namespace))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { ...command, result, ended };
}

/** Starts `pulumi up` and kills the engine as soon as the moment has come. */
export async function engineIsKilled(channel: TestChannel, moment: Moment): Promise<Killed> {
  const update = await updateReaches(channel, moment);
  if (!update.ended) update.kill();
  const { exitCode } = await update.result;
  return { weights: await liveWeights(channel.namespace), tooLate: exitCode !== null };
}

/**
 * `pulumi up` again and again, each time killed as soon as it has changed one thing more, until one comes to its end.
 * @returns type and name of what was changed last before each of the kills
 */
export async function engineIsKilledAtEveryStep(
  channel: TestChannel,
  afterwards: (killed: Killed) => Promise<void>,
): Promise<string[]> {
  const kills: string[] = [];
  // The first change is the intent, which every update writes anew; the one after it is new each time.
  for (let changes = 2; ; ) {
    const killed = await engineIsKilled(channel, haveChanged(changes));
    if (killed.tooLate) return kills;
    await afterwards(killed);
    await lockIsCancelled(channel);
    const last = changedIn(readEvents(eventsOf(channel))).at(-1) ?? "";
    // What an unfinished update does over again, as asking the data plane, is got past by one change more.
    if (kills.includes(last)) changes++;
    kills.push(last);
  }
}

function eventsOf({ log }: TestChannel): string {
  return `${log}.events`;
}

/** What the engine's own message asks for when a killed update has left its lock behind. */
export async function lockIsCancelled(channel: TestChannel): Promise<void> {
  await channel.run("cancel", "--yes");
}

/** `npm run restore -- run`: this backup takes the place of the channel's data. */
export async function backupIsRestored({ stack }: TestChannel, backup: string): Promise<CommandResult> {
  const args = ["run.cjs", "restore/cli.ts", "run", "--channel", stack, "--backup", backup];
  const options = { cwd: projectDir, env: { ...process.env, ...clusterEnvironment() } };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options);
    return { exitCode: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, output: stdout + stderr };
  }
}

/** `npm run compat`: the releases' images read the fixtures on the channel's cluster. */
export async function matrixIsRun({ stack }: TestChannel, version: string, baseline: string): Promise<void> {
  const args = ["--channel", stack, "--version", version, "--baseline", baseline];
  await promisify(execFile)(process.execPath, ["run.cjs", "compat/runner/cli.ts", ...args], {
    cwd: projectDir,
    env: { ...process.env, ...clusterEnvironment() },
  });
}
