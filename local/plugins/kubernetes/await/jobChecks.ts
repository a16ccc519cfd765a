import { type Bag, numeric, text } from "../../protocol/values";
import { condition } from "../objects";
import { qualifiedName } from "./podChecks";

export interface JobStatus {
  isComplete: boolean;
  /** What is being waited for, in order. */
  progress: string[];
  /** Why it will never complete. */
  error?: string;
}

export function jobStatus(job: Bag): JobStatus {
  const name = qualifiedName(job);
  const progress = [`Waiting for Job "${name}" to start`];
  if (text(job, "status", "startTime") === "") {
    return { isComplete: false, progress };
  }
  const count = (field: string) => numeric(job, "status", field) ?? 0;
  const counts = `(Active: ${count("active")} | Succeeded: ${count("succeeded")} | Failed: ${count("failed")})`;
  progress.push(`Waiting for Job "${name}" to succeed ${counts}`);
  const failed = condition(job, "Failed");
  const reason = text(failed, "reason");
  if (text(failed, "status") === "True" && ["BackoffLimitExceeded", "DeadlineExceeded"].includes(reason)) {
    return { isComplete: false, progress, error: `[${reason}] ${text(failed, "message")}` };
  }
  return { isComplete: text(condition(job, "Complete"), "status") === "True", progress };
}

export function isJobComplete(job: Bag): boolean {
  return jobStatus(job).isComplete;
}
