/** One thing wrong in what a person wrote, with the place to look at. */
export interface Problem {
  /** File as the person knows it, relative to the project where possible. */
  file: string;
  line?: number;
  column?: number;
  /** Path of the field, as in `services.api.image`. */
  field?: string;
  found?: string;
  expected: string;
}

/** A mistake of the person's, to be shown as it is: no stack trace. Nothing has been changed when it is thrown. */
export class UserError extends Error {
  override readonly name = "UserError";
}

export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  const field = problem.field ? ` ${problem.field}:` : ":";
  const found = problem.found === undefined ? "" : ` found ${problem.found},`;
  return `${place}${field}${found} ${problem.expected}`;
}

export function userErrorFrom(headline: string, problems: Problem[]): UserError {
  return new UserError([headline, ...problems.map((problem) => `  ${formatProblem(problem)}`)].join("\n"));
}

/** For a sentence that goes on after it. */
export function inOneLine({ message }: Error): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}
