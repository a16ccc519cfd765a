import { z } from "zod";

const schema = z.object({
  DATABASE_URL: z.string().min(1),
  /** Which release this process belongs to: sent with every answer. */
  RELEASE_VERSION: z.string().min(1).default("unreleased"),
  RELEASE_ID: z.string().min(1).default("unreleased"),
  /** The port to listen on; 0 takes a free one. */
  PORT: z.coerce.number().int().min(0).max(65535).optional(),
  SHOP_CURRENCY: z.string().length(3).default("EUR"),
});

export type Environment = z.infer<typeof schema>;

/** Reads the environment, or ends the process with one line that names every variable that is wrong. */
export function readEnvironment(): Environment {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) {
    return parsed.data;
  }
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  process.stderr.write(`cannot start, the environment is incomplete: ${wrong}\n`);
  process.exit(1);
}
