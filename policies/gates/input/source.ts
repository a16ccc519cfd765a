import { z } from "zod";

/**
 * What an optional source says. Not configured: the gate is skipped; configured but silent: it holds, because no
 * data is never success.
 */
export function source<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.discriminatedUnion("status", [
    z.object({ status: z.literal("not-configured") }),
    z.object({ status: z.literal("unavailable"), problem: z.string() }),
    z.object({ status: z.literal("known"), ...shape }),
  ]);
}

export const notConfigured = { status: "not-configured" } as const;
