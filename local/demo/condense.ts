/**
 * What Pulumi prints without a terminal repeats each resource with every change of its state. An audience wants
 * each one once, when it is done; the complete output is in the log.
 */
export class Condenser {
  readonly #seen = new Set<string>();
  #lastWasBlank = true;

  /** What to show for a line: itself or the gist of it; null for nothing. */
  condense(line: string): { text: string; progress: boolean } | null {
    const text = line.trimEnd();
    if (text === "") {
      const repeated = this.#lastWasBlank;
      this.#lastWasBlank = true;
      return repeated ? null : { text, progress: false };
    }
    const step = stepOf(text);
    if (step === undefined) {
      this.#lastWasBlank = false;
      return { text, progress: false };
    }
    if (step === null || this.#seen.has(step)) {
      return null;
    }
    this.#seen.add(step);
    this.#lastWasBlank = false;
    return { text: step, progress: true };
  }
}

const dots = /^@ (previewing |refreshing |destroying )?\w+/;
const underWay = /^(creating|updating|deleting|reading|replacing|refreshing|running|importing)\b/;

/** ` +  kubernetes:core/v1:Service api creating (0s) Waiting …`; without a sign, four blanks. */
const resource = /^ (?:([+~-]{1,2})| ) {1,3}(\S+:\S+) (\S+)(?: (.*))?$/;

/** A line about a resource, shortened; null for one that only tells of progress, undefined for any other line. */
function stepOf(line: string): string | null | undefined {
  if (dots.test(line)) {
    return null;
  }
  const [, operation = "", type = "", name = "", state = ""] = resource.exec(line) ?? [];
  if (type === "") {
    return undefined;
  }
  // The stack's own line repeats the messages that come again, in full, at the end.
  if (type === "pulumi:pulumi:Stack" || underWay.test(state)) {
    return null;
  }
  const gist = /^(\w+( \([\d.]+s\))?( \[diff: [^\]]*\])?|\*\*.*)/.exec(state)?.[0] ?? state;
  return ` ${operation.padEnd(2)} ${type} ${name} ${gist}`;
}
