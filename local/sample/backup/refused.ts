/** The work was not done, and nothing of the live database was changed; the message is one line for a person. */
export class Refused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message.trim().replaceAll(/\s*\n\s*/g, " / "), { cause });
  }
}

/** The server may have done it: the connection was lost before it said so. */
export class Unknown extends Error {}

/** Something that others do at the same time, or before us, is told as it is; all else is wrapped by who knows more. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}
