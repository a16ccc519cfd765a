import { InvalidArgumentError } from "commander";
import type { z } from "zod";

/** Reads an argument of a command line by a schema; commander tells what was expected. */
export function by<Schema extends z.ZodType>(schema: Schema): (text: string) => z.output<Schema> {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${parsed.error.issues[0]?.message}.`);
  };
}

/** Help that was asked for, or a misuse that commander has told already. */
export function isUsage(error: unknown): error is { exitCode: number } {
  return error instanceof Error && "code" in error && String(error.code).startsWith("commander.");
}
