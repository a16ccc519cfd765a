import { readFileSync } from "node:fs";
import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { type Problem, userErrorFrom } from "./problems";

type Path = readonly PropertyKey[];

/** A parsed YAML file that can say where each of its fields stands. */
export interface LocatedYaml {
  file: string;
  value: unknown;
  locate(path: Path): Pick<Problem, "line" | "column">;
}

/**
 * Reads a YAML file, keeping positions.
 * @throws {UserError} when the file is missing, unreadable or not YAML.
 */
export function readYaml(path: string, shownAs: string, whenMissing: string): LocatedYaml {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const expected =
      code === "ENOENT" ? `file not found; ${whenMissing}` : `cannot be read: ${(error as Error).message}`;
    throw userErrorFrom("A file that is needed cannot be read.", [{ file: shownAs, expected }]);
  }
  const text = decode(bytes);
  if (text === null) {
    throw userErrorFrom("A file that is needed cannot be read.", [
      { file: shownAs, expected: "it is not encoded in UTF-8; save it as UTF-8" },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [malformed] = document.errors;
  if (malformed !== undefined) {
    const { line, col } = lines.linePos(malformed.pos[0]);
    throw userErrorFrom("A file is not valid YAML.", [
      { file: shownAs, line, column: col, expected: malformed.message },
    ]);
  }
  return {
    file: shownAs,
    value: plainValue(document, shownAs),
    locate: (fields) => locate(document, lines, fields),
  };
}

/** Leaves out a byte order mark, which some systems write; null where it is no UTF-8. */
function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function plainValue(document: Document, shownAs: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases of aliases: a small file that would fill the memory.
    throw userErrorFrom("A file is not valid YAML.", [{ file: shownAs, expected: (error as Error).message }]);
  }
}

/** The position of the deepest field of the path that exists; of a mapping's entry, the position of its key. */
function locate(document: Document, lines: LineCounter, path: Path): Pick<Problem, "line" | "column"> {
  let node: unknown = document.contents;
  let deepest: unknown;
  for (const field of path) {
    const entry = entryOf(node, field);
    if (entry === undefined) break;
    deepest = entry.key ?? entry.value;
    node = entry.value;
  }
  if (!isNode(deepest) || !deepest.range) return {};
  const { line, col } = lines.linePos(deepest.range[0]);
  return { line, column: col };
}

/** A key of a mapping may be a number, as a weight is: what is looked for is text. */
function entryOf(parent: unknown, field: PropertyKey): { key?: unknown; value: unknown } | undefined {
  if (isMap(parent)) return parent.items.find(({ key }) => isNode(key) && String(key) === String(field));
  if (isSeq(parent) && Number(field) < parent.items.length) return { value: parent.items[Number(field)] };
  return undefined;
}

/**
 * Checks a value against its schema.
 * @param value the value that counts; the YAML only says where a field stands, below `prefix`
 * @throws {UserError} naming file, line, field, found and expected of everything that is wrong.
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  source: Pick<LocatedYaml, "file" | "locate">,
  prefix: Path = [],
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap(flattenIssue).flatMap((issue): Problem[] => {
    const at = (path: Path) => ({ file: source.file, ...source.locate([...prefix, ...path]) });
    if (issue.unknownKeys.length > 0) {
      return issue.unknownKeys.map((key) => ({
        ...at([...issue.path, key]),
        field: [...prefix, ...issue.path, key].join("."),
        expected: "unknown key; check its spelling against the documentation, or remove it",
      }));
    }
    return [
      {
        ...at(issue.path),
        field: [...prefix, ...issue.path].join("."),
        found: issue.input === undefined ? "nothing" : shorten(JSON.stringify(issue.input)),
        expected: issue.message,
      },
    ];
  });
  throw userErrorFrom(`${source.file} is not valid.`, problems);
}

interface Issue {
  path: PropertyKey[];
  input: unknown;
  message: string;
  unknownKeys: string[];
}

/** Kinds of values as people call them who write YAML; others are called the same. */
const kinds: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  null: "nothing",
  number: "a number",
  object: "a mapping (key: value)",
  record: "a mapping (key: value)",
  string: "text",
};

function isScalar(input: unknown): input is number | boolean {
  return typeof input === "number" || typeof input === "boolean";
}

/** A schema's own words where it has some; the library's where they are no program's. */
function wording(issue: z.core.$ZodIssue): string {
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
  const { input } = issue;
  if (issue.code === "invalid_type" && issue.expected === "string" && isScalar(input)) {
    return `expected text: put it in quotes, as in "${input}"`;
  }
  if (issue.code === "invalid_type") return `expected ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String).join(", ");
    return `expected ${issue.values.length > 1 ? "one of " : ""}${values}`;
  }
  return issue.message.replace(/^(Invalid input|Too big|Too small): /, "");
}

/**
 * Of a union, the alternative that came closest: the one that only a field of is wrong, or else the one whose first
 * issue is not just "another value" or "another kind of value", or else the one with values to choose from.
 */
function flattenIssue(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code === "invalid_key") {
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ path: issue.path, input: issue.input, message, unknownKeys: [] }];
  }
  if (issue.code !== "invalid_union") {
    const unknownKeys = issue.code === "unrecognized_keys" ? issue.keys : [];
    return [{ path: issue.path, input: issue.input, message: wording(issue), unknownKeys }];
  }
  const alternatives = issue.errors.filter((errors) => errors.length > 0);
  const closest =
    alternatives.find(([first]) => first !== undefined && first.path.length > 0) ??
    alternatives.find(([first]) => first?.code !== "invalid_value" && first?.code !== "invalid_type") ??
    alternatives.find(([first]) => first?.code === "invalid_value" && first.values.length > 1) ??
    alternatives.find(([first]) => first?.code === "invalid_type") ??
    alternatives[0] ??
    [];
  return closest.flatMap(flattenIssue).map((inner) => ({
    ...inner,
    path: [...issue.path, ...inner.path],
    input: inner.path.length > 0 ? inner.input : (inner.input ?? issue.input),
  }));
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
