/** A command of the demo ended differently from what the play says. */
export class Unexpected extends Error {
  override readonly name = "Unexpected";
}
