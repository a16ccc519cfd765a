import type { MigrationSpec } from "../config/schemas/migration";
import { broughtMigrations, isUndone, type MigrationRun } from "./migrations";
import type { Plan } from "./plan";
import { describeRestore, type Restore } from "./restored";
import type { RestoreRef } from "./restored-data";

/** One migration as people and programs are told of it. */
export interface ToldMigration {
  id: string;
  phase: MigrationSpec["phase"];
  direction: MigrationRun["direction"];
  reversible: boolean;
  /** Undone by itself when its release is rolled back. */
  undone: boolean;
  when: string;
}

/** Migrations that an update runs, in their order. */
export function runNow({ data }: Plan): ToldMigration[] {
  return data.migrations
    .filter(({ due }) => due)
    .map(({ run }) => told(run.spec, run.direction, whenNow(run)));
}

function whenNow({ step, direction, spec }: MigrationRun): string {
  if (direction === "down") return "now that the traffic has left it";
  if (step === "before-traffic") return "before the first request";
  if (step === "alongside") return `from now on; complete before ${spec.before ?? 100} %`;
  return spec.phase === "switch"
    ? `when 100 % is confirmed${wayBack(spec)}`
    : "now that nothing older is live";
}

function wayBack({ bothFormsWritten }: MigrationSpec): string {
  return bothFormsWritten === true ? "" : ", and there is no way back then";
}

/** What of the rollout is left for later updates, in their order. */
export function runLater({ to, data, restore }: Plan): ToldMigration[] {
  const known = (id: string) => data.migrations.some(({ run }) => run.spec.id === id);
  if (to.candidate === null || to.state === "rolled-back") return [];
  return broughtMigrations(to.candidate, to.baseline, restore)
    .filter(({ id, phase }) => !known(id) && (phase === "switch" || phase === "contract"))
    .map((spec) =>
      told(
        spec,
        "up",
        spec.phase === "switch"
          ? `when 100 % is confirmed${wayBack(spec)}`
          : "when nothing older is live, after the rollback window",
      ),
    );
}

function told(spec: MigrationSpec, direction: MigrationRun["direction"], when: string): ToldMigration {
  const { id, phase, reversible } = spec;
  return { id, phase, direction, reversible, undone: isUndone(spec), when };
}

export function describeMigration({ id, phase, direction, reversible, undone, when }: ToldMigration): string {
  const back = undone ? "undone by a rollback" : reversible ? "reversible" : "not reversible";
  return direction === "down" ? `${id}, ${when}` : `${id} (${phase}, ${back}), ${when}`;
}

/** Rows of the plan's table. */
export function dataRows(plan: Plan): string[][] {
  const copies = plan.data.companions.some(({ job, due }) => due && job.kind === "backup");
  return [
    ...(plan.restore === null ? [] : [["restored", describeRestored(plan.restore)]]),
    ...(copies ? [["copy", "a backup, restored once to see that it can be"]] : []),
    ...runNow(plan).map((one) => [one.direction === "up" ? "migrate" : "undo", describeMigration(one)]),
    ...runLater(plan).map((one) => ["later", describeMigration(one)]),
  ];
}

/** What a restore of the data means for the releases that are live. */
export function describeRestored(restore: RestoreRef & Pick<Restore, "lost">): string {
  const { lost } = restore;
  const missing = lost.length === 0 ? "" : `; not in the data any more: ${lost.join(", ")}`;
  return `the data are those of ${describeRestore(restore)}${missing}`;
}
