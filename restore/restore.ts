import { ulid } from "ulid";
import type { z } from "zod";
import { UserError } from "../config/load/problems";
import type { AccessPolicy } from "../config/schemas/access";
import type { Approval } from "../policies/gates/input/governance";
import { type Comparison, comparison, type Restoration, restoration, unchangedExitCode } from "./answers";
import { findApproval } from "./approval";
import type { RestoreInputs } from "./inputs";
import type { Perform, TaskEnd } from "./job";

/** What a restore is made with; times come from outside. */
export interface RestoreContext {
  projectDir: string;
  now: Date;
  perform: Perform;
  /** Progress, a line at a time. */
  tell(line: string): void;
  interrupted: AbortSignal;
}

/** Nobody knows whether the database was changed: it has to be looked at. */
export class UnknownOutcome extends Error {}

/** Restores the backup into a scratch database and says what the live one has lost or won since. Changes nothing. */
export async function planRestore(
  backup: string,
  deadlineSeconds: number,
  { perform, tell, interrupted }: RestoreContext,
): Promise<Comparison> {
  const request = { task: "compare", environment: { BACKUP_FILE: backup }, deadlineSeconds } as const;
  const end = await perform(request, tell, interrupted);
  if (end.exitCode !== 0) throw new UserError(`The backup could not be compared: ${lastLine(end.output)}`);
  return answerOf(comparison, end, "compare");
}

export interface RunRequest {
  backup: string;
  deadlineSeconds: number;
  lockWithinSeconds: number;
  /** Take a backup of what is there first. */
  backupFirst: boolean;
}

export interface RunResult {
  lost: Comparison;
  approval: Approval;
  done: Restoration;
}

/**
 * Puts a backup in the place of the channel's data, if exactly this one was approved.
 * @param show handed what will be lost, before anything is changed
 * @throws {UserError} when it is refused or has failed: then the data is as it was
 * @throws {UnknownOutcome} when it is not known how it ended
 */
export async function runRestore(
  request: RunRequest,
  inputs: RestoreInputs,
  access: AccessPolicy,
  context: RestoreContext,
  show: (lost: Comparison) => void,
): Promise<RunResult> {
  const { projectDir, now, perform, tell, interrupted } = context;
  const { channel } = inputs;
  const lost = await planRestore(request.backup, request.deadlineSeconds, context);
  show(lost);
  const { sha256, file } = lost.backup;
  const approval = await findApproval(projectDir, inputs, access, sha256, now);
  tell(`Approved by ${approval.by} (${approval.file}).`);
  const environment = {
    BACKUP_FILE: file,
    BACKUP_SHA256: sha256,
    LOCK_WITHIN_SECONDS: String(request.lockWithinSeconds),
    ...(request.backupFirst ? { BACKUP_NAME: `${channel}-${ulid(now.getTime())}` } : {}),
  };
  const task = { task: "restore", environment, deadlineSeconds: request.deadlineSeconds } as const;
  const end = await perform(task, tell, interrupted);
  if (end.exitCode === unchangedExitCode || !end.begun) {
    throw new UserError(`Nothing was restored, the data is as it was: ${lastLine(end.output)}`);
  }
  if (end.exitCode !== 0) {
    const how = end.exitCode === null ? "" : ` (exit code ${end.exitCode})`;
    throw new UnknownOutcome(`The Job ${end.job} did not get to its end${how}: ${lastLine(end.output)}`);
  }
  return { lost, approval, done: answerOf(restoration, end, "restore") };
}

function answerOf<Schema extends z.ZodType>(
  schema: Schema,
  { output }: TaskEnd,
  task: string,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(lastLine(output)));
  if (parsed.success) return parsed.data;
  const problem = `The program in the image of channel.backup.job ended well, but its last line is no answer to BACKUP_TASK=${task}. What it has to answer: docs/backup.md.`;
  throw task === "restore" ? new UnknownOutcome(problem) : new UserError(problem);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) || "it said nothing";
}
