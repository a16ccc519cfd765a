import { readFile } from "node:fs/promises";
import type { RunnerOption } from "node-pg-migrate";

type Loader = Exclude<NonNullable<RunnerOption["migrationLoaderStrategies"]>[number]["loader"], string>;
type Action = NonNullable<Awaited<ReturnType<Loader>>[number]["actions"]["up"]>;

const downLine = /^-- Down Migration\b.*$/m;
const stepLine = /^-- Step\b.*$/m;

/** A transaction, or where there are lines `-- Step`: each step by itself, so that locks are held for one only. */
function action(sql: string): Action {
  const steps = sql.split(stepLine).map((step) => step.trim());
  return (pgm) => {
    if (steps.length > 1) {
      pgm.noTransaction();
    }
    for (const step of steps) {
      pgm.sql(step);
    }
  };
}

/** Always in one transaction. */
function undo(sql: string): Action {
  return (pgm) => {
    pgm.sql(sql.trim());
  };
}

/** Whether a run that ended early may have left a part of it behind. */
export async function hasSteps(path: string): Promise<boolean> {
  const [up = ""] = (await readFile(path, "utf8")).split(downLine);
  return stepLine.test(up);
}

/**
 * Reads SQL files with the sections `-- Up Migration` and `-- Down Migration`, as node-pg-migrate's own loader does,
 * and beyond it those whose sections have steps. A step of several statements is a transaction; one of a single
 * statement is none, which `create index concurrently` needs. Steps have to be safe to repeat, and the way down has to
 * take away what there is of them.
 */
export const loadSql: Loader = (paths) =>
  Promise.all(
    paths.map(async (path) => {
      const [up = "", down] = (await readFile(path, "utf8")).split(downLine);
      const actions = { up: action(up), down: down !== undefined && undo(down) };
      return { id: path, filePaths: [path], actions };
    }),
  );
