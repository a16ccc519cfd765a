import { readFile } from "node:fs/promises";
import { messageOf } from "../service/log";
import type { OrderBook } from "./orders";

const answer = (failedChecks: string[]) => ({ readable: failedChecks.length === 0, failedChecks });

/**
 * Reads stored orders as this version does: each column it reads is a check, `orders.<column>`; `format` where a
 * table is not there at all.
 */
export function checkFixture(text: string, { stored }: OrderBook): ReturnType<typeof answer> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return answer(["format"]);
  }
  const result = stored.safeParse(content);
  if (result.success) return answer([]);
  const checks = result.error.issues.map(({ path: [table, , column] }) =>
    column === undefined ? "format" : `${String(table)}.${String(column)}`,
  );
  return answer([...new Set(checks)].sort());
}

/** Prints whether the orders of a file can be read; ends with 2 where there is no such file. */
export async function readFixture(orders: OrderBook, file: string | undefined): Promise<void> {
  if (file === undefined) {
    process.stderr.write("usage: api.js read-fixture <file>\n");
    process.exitCode = 2;
    return;
  }
  try {
    process.stdout.write(`${JSON.stringify(checkFixture(await readFile(file, "utf8"), orders))}\n`);
  } catch (error) {
    process.stderr.write(`cannot read ${file}: ${messageOf(error)}\n`);
    process.exitCode = 2;
  }
}
