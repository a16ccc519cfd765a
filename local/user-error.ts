/** A fault the user can mend: the message says what was found and what to do next; printed without a stack. */
export class UserError extends Error {
  override name = "UserError";
}
