import type { JobObservation } from "../../rollout/data-jobs";
import { checksum, jobName, type MigrationRun, type MigrationStep } from "../../rollout/migrations";
import type { Plan } from "../../rollout/plan";
import type { RestoredData } from "../../rollout/restored-data";

/** One time that a migration's command was really run. */
export interface Execution {
  run: MigrationRun;
  /** Of the update that ran it. */
  plan: Plan;
}

export interface Entry {
  state: "running" | "applied" | "undone";
  attempt: number;
  version: string;
  checksum: string;
}

/** A database with its ledger, and the Jobs that the cluster has of it: by the rules of `ledger/checks.go`. */
export class DataStore {
  readonly executions: Execution[] = [];
  readonly refusals: string[] = [];
  /** ISO 8601. */
  now = "";
  jobs: JobObservation[] = [];
  private readonly ledger = new Map<string, Entry>();

  /** Makes the Jobs of a step that are not there yet; a backfill goes on running. False where one fails. */
  carryOut(plan: Plan, step: MigrationStep): boolean {
    for (const { run, stopped, name } of plan.data.migrations) {
      if (stopped || run.step !== step || this.jobs.some((job) => nameOf(job) === name)) continue;
      const done = this.execute(run, plan);
      const attempt = name === jobName(run) ? 1 : Number(name.slice(jobName(run).length + 1));
      const status = done ? (step === "alongside" ? "running" : "complete") : "failed";
      const ended = status === "complete" ? { completedAt: this.now } : {};
      this.jobs.push({ run: jobName(run), attempt, status, says: null, ...ended });
      if (status === "running") this.note(run, "running");
      if (!done) return false;
    }
    return true;
  }

  /** What is recorded is registered again: what failed is tried again. */
  reconcile(plan: Plan): void {
    for (const step of ["before-traffic", "alongside", "after-traffic"] as const) this.carryOut(plan, step);
    this.cleanUp(plan);
  }

  /** What the plan does not name any more is deleted, whether it runs or not. */
  cleanUp({ data: { migrations } }: Plan): void {
    const kept = migrations.filter(({ stopped }) => !stopped).map(({ name }) => name);
    this.jobs = this.jobs.filter((job) => kept.includes(nameOf(job)));
  }

  /** A copy of what the ledger says; what ran stays true of today. */
  copy(): ReadonlyMap<string, Entry> {
    return new Map(this.ledger);
  }

  /** Puts a copy back, while nothing runs; what the channel is told of it. */
  restore(copy: ReadonlyMap<string, Entry>, at: string): RestoredData {
    const ran = [...new Set(this.executions.map(({ run }) => run.spec.id))];
    this.ledger.clear();
    for (const [id, entry] of copy) this.ledger.set(id, entry);
    const applied = [...copy].filter(([, { state }]) => state === "applied");
    return {
      ...{ schema: 1, backup: "copy.dump", sha256: "a".repeat(64), restoredAt: at },
      ledger: {
        applied: applied.map(([id, { checksum: its }]) => ({ id, checksum: its })),
        notApplied: ran.filter((id) => !applied.some(([known]) => known === id)),
      },
    };
  }

  applied(id: string): boolean {
    return this.ledger.get(id)?.state === "applied";
  }

  /** Whatever runs comes to its end. */
  finish(status: "complete" | "failed"): void {
    const runs = new Map(this.executions.map(({ run }) => [jobName(run), run]));
    this.jobs = this.jobs.map((job) => {
      const run = runs.get(job.run);
      if (job.status !== "running") return job;
      if (status === "complete" && run !== undefined) this.note(run, "applied");
      return { ...job, status, ...(status === "complete" ? { completedAt: this.now } : {}) };
    });
  }

  /** False where the ledger refuses it. */
  private execute(run: MigrationRun, plan: Plan): boolean {
    const known = this.ledger.get(run.spec.id);
    if (run.direction === "down") {
      if (known === undefined || known.state === "undone") return true;
      this.executions.push({ run, plan });
      this.note(run, "undone");
      return true;
    }
    const changed = known?.state === "applied" && known.checksum !== checksum(run.spec);
    const spent = known?.state === "undone" && run.version === known.version && run.attempt <= known.attempt;
    if (changed || spent) {
      this.refusals.push(
        `${run.spec.id} in attempt ${run.attempt}, which was ${known.state} in ${known.attempt}`,
      );
      return false;
    }
    if (known?.state === "applied") return true;
    this.executions.push({ run, plan });
    this.note(run, "applied");
    return true;
  }

  private note({ spec, attempt, version }: MigrationRun, state: Entry["state"]): void {
    this.ledger.set(spec.id, { state, attempt, version, checksum: checksum(spec) });
  }
}

function nameOf({ run, attempt }: JobObservation): string {
  return attempt === 1 ? run : `${run}-${attempt}`;
}
