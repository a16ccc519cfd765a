import { parseArgs } from "node:util";
import { z } from "zod";

/** A call that cannot be meant: nothing was done. */
export class Misuse extends Error {}

const usage = `usage: migrate.js up --to <number of the last migration to run, e.g. 0002>
       migrate.js down --to <number of the last migration to keep>
       migrate.js backfill --to <number of the backfill> [--batch <orders at a time>]
       migrate.js reconcile`;

const to = z.string().regex(/^[0-9]{4}$/);
const task = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("up"), to }),
  z.strictObject({ command: z.literal("down"), to }),
  z.strictObject({
    command: z.literal("backfill"),
    to,
    batch: z.coerce.number().int().min(1).max(100_000).default(5_000),
  }),
  z.strictObject({ command: z.literal("reconcile") }),
]);
export type Task = z.infer<typeof task>;

/** What the arguments ask for; a `Misuse` with the usage where they ask for nothing. */
export function readTask(args: string[]): Task {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { to: { type: "string" }, batch: { type: "string" } },
      allowPositionals: true,
    });
    return task.parse({ command: positionals.join(" "), ...values });
  } catch (error) {
    // The usage says it better than the parsers' messages.
    throw new Misuse(usage, { cause: error });
  }
}
