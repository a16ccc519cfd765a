import { z } from "zod";
import type { CheckResponse } from "../protocol/plugin";
import { type Bag, isUnknown, plainBag } from "../protocol/values";

const text = z.string();

const schemas = {
  create: text,
  update: text,
  delete: text,
  stdin: text,
  dir: text,
  logging: z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]),
  interpreter: z.array(text),
  environment: z.record(text, text),
  triggers: z.array(z.unknown()),
  addPreviousOutputInEnv: z.boolean(),
};

/** The inputs of `command:local:Command`; `assetPaths` and `archivePaths` are not supported. */
export type CommandInputs = { [Field in keyof typeof schemas]?: z.infer<(typeof schemas)[Field]> };

/** Also what earlier runs printed. */
export interface CommandState extends CommandInputs {
  stdout: string;
  stderr: string;
}

/** Refuses inputs of the wrong type; a value that is not known yet is not judged. */
export function checkInputs(news: Bag): CheckResponse["failures"] {
  const inputs = plainBag(news);
  const unsupported = ["assetPaths", "archivePaths"]
    .filter((property) => inputs[property] !== undefined)
    .map((property) => ({
      property,
      reason: "this input needs the official command plugin; the one in use is its stand-in",
    }));
  const wrong = Object.entries(schemas).flatMap(([property, schema]) => {
    const value = inputs[property];
    if (value === undefined || value === null || isUnknown(value)) {
      return [];
    }
    const result = schema.safeParse(value);
    return result.success
      ? []
      : [{ property, reason: result.error.issues.map((issue) => issue.message).join("; ") }];
  });
  return [...unsupported, ...wrong];
}

/** Known and checked inputs without secrets, or what was printed with them. */
export function parseState(properties: Bag): CommandState {
  const plain = plainBag(properties);
  const parsed = Object.fromEntries(
    Object.entries(schemas).flatMap(([property, schema]) => {
      const value = plain[property];
      return value === undefined || value === null ? [] : [[property, schema.parse(value)]];
    }),
  );
  return { ...parsed, stdout: String(plain.stdout ?? ""), stderr: String(plain.stderr ?? "") };
}
