import type { Bag } from "../../protocol/values";
import { messageOf } from "../session";

/** An object exists, but did not get where it was waited for. */
export class AwaitError extends Error {
  constructor(
    message: string,
    readonly live: Bag,
    /** What was wrong with it and its pods. */
    readonly reasons: string[],
  ) {
    super(message);
    this.name = "AwaitError";
  }
}

/** An error as message and reasons of a partial failure, the message put into the operation's words. */
export function describeFailure(
  error: unknown,
  lastKnown: Bag,
  inWords: (cause: string) => string,
): { live: Bag; message: string; reasons: string[] } {
  const message = inWords(messageOf(error));
  return error instanceof AwaitError
    ? { live: error.live, message, reasons: [message, ...error.reasons] }
    : { live: lastKnown, message, reasons: [message] };
}
