import { table } from "../rollout/table";
import type { Comparison, TableComparison } from "./answers";
import { approvalCommand } from "./approval";
import type { RunResult } from "./restore";

const tableWidths = [32, 10, 11, 10, 10, 11, 28];

/** What restoring a backup would lose, for a person. */
export function describeLoss({ backup, database, tables, migrations }: Comparison): string {
  const rows = tables.map((one) => [
    one.table,
    figure(one.now),
    figure(one.inBackup),
    figure(one.newer),
    figure(one.changed),
    figure(one.deleted),
    remarks(one),
  ]);
  const head = ["table", "rows now", "in backup", "newer", "changed", "come back", ""];
  return [
    `${backup.file}: ${backup.size_bytes} bytes, taken at ${backup.taken_at}, of ${database}`,
    `  sha256 ${backup.sha256}`,
    "",
    ...table(tableWidths, [head, ...rows]),
    "",
    lossOf(tables),
    ...describeMigrations(migrations),
    "",
  ].join("\n");
}

export function describePlan(channel: string, plan: Comparison): string {
  const approve = approvalCommand(channel, plan.backup.sha256);
  const run = `npm run restore -- run --channel ${channel} --backup ${plan.backup.file}`;
  return `${describeLoss(plan)}\nTo restore it, somebody who may approve that signs, and then it is run:\n  ${approve}\n  ${run}\n`;
}

export function describeRun({ approval, done }: RunResult): string {
  const rows = done.tables.map(({ table: name, rows }) => [name, String(rows)]);
  const before = done.backupBefore;
  return [
    `${done.restored.file} is what ${done.database} holds since ${done.at}, approved by ${approval.by}.`,
    ...table([32, 10], [["table", "rows"], ...rows]),
    before === null
      ? "What was there before is gone: no backup of it was asked for."
      : `What was there before is in ${before.location} (sha256 ${before.sha256}).`,
    "What to do with the channel now: docs/backup.md.",
    "",
  ].join("\n");
}

function figure(rows: number | null): string {
  return rows === null ? "-" : String(rows);
}

function remarks({ now, inBackup, newColumns, onlyCounted }: TableComparison): string {
  return [
    ...(inBackup === null ? ["not in the backup: it goes"] : []),
    ...(now === null ? ["dropped since: it comes back"] : []),
    ...(newColumns.length === 0 ? [] : [`columns that go: ${newColumns.join(", ")}`]),
    ...(onlyCounted === null ? [] : [`only counted: ${onlyCounted}`]),
  ].join("; ");
}

function lossOf(tables: readonly TableComparison[]): string {
  const sum = (pick: (one: TableComparison) => number | null) =>
    tables.reduce((total, one) => total + (pick(one) ?? 0), 0);
  const counted = tables.filter(({ onlyCounted }) => onlyCounted !== null).map(({ table: name }) => name);
  const unknown = counted.length === 0 ? "" : `; of ${counted.join(", ")} it is not known`;
  return `Lost would be ${sum(({ newer }) => newer)} newer rows, and what was written since to ${sum(({ changed }) => changed)} others${unknown}.`;
}

function describeMigrations(migrations: Comparison["migrations"]): string[] {
  if (migrations === null) return ["The database has no ledger of migrations."];
  if (migrations.length === 0) return ["No migration was run since."];
  const rows = migrations.map(({ id, phase, state, stateInBackup, channel, version, finishedAt }) => [
    id,
    phase ?? "",
    `${stateInBackup ?? "not run"} → ${state ?? ""}`,
    [channel, version].filter(Boolean).join(" "),
    finishedAt ?? "",
  ]);
  return ["Migrations since, which have to be run again:", ...table([27, 10, 21, 18, 34], rows)];
}
