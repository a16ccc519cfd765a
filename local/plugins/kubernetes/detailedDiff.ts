import type { PropertyDiff, PropertyDiffKind } from "../protocol/plugin";
import { type Bag, equal, isBag, isUnknown, type Value } from "../protocol/values";
import { touches } from "./forceNew";

type Path = (string | number)[];

/** A key that is not there, as opposed to one that holds null. */
const missing = Symbol("missing");
type Maybe = Value | typeof missing;

const lookup = (value: Maybe, key: string): Maybe =>
  value !== missing && isBag(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : missing;

/** Past the end of a list there is null, not nothing. */
const element = (value: Maybe, index: number): Maybe =>
  Array.isArray(value) ? (value[index] ?? null) : null;

const replacing: Record<PropertyDiffKind, PropertyDiffKind> = {
  add: "add-replace",
  "add-replace": "add-replace",
  delete: "delete-replace",
  "delete-replace": "delete-replace",
  update: "update-replace",
  "update-replace": "update-replace",
};

/**
 * A merge patch as the engine's detailed diff: property path → kind of change. `old` is what the patch
 * applies to; changes at a path in `forceNew` are replacements.
 */
export function detailedDiff(
  patch: Bag,
  old: Bag,
  newInputs: Bag,
  forceNew: string[],
): Record<string, PropertyDiff> {
  const diff: Record<string, PropertyDiff> = {};

  const visitMap = (path: Path, patched: Bag, before: Maybe, input: Maybe, inList: boolean) => {
    for (const [key, value] of Object.entries(patched)) {
      visit([...path, key], value, lookup(before, key), lookup(input, key), inList);
    }
    // A list is replaced whole, so the patch does not name what was removed inside its elements.
    if (inList && before !== missing && isBag(before)) {
      for (const key of Object.keys(before)) {
        if (!Object.hasOwn(patched, key)) {
          visit([...path, key], null, lookup(before, key), lookup(input, key), inList);
        }
      }
    }
  };

  const visitList = (path: Path, patched: Value[], before: Value[], input: Maybe) => {
    for (let i = 0; i < Math.max(patched.length, before.length); i++) {
      const value = i < patched.length ? (patched[i] ?? null) : null;
      const previous = i < before.length ? (before[i] ?? null) : missing;
      visit([...path, i], value, previous, element(input, i), true);
    }
  };

  const visit = (path: Path, value: Value, before: Maybe, input: Maybe, inList: boolean): void => {
    // What is not an input can only be deleted, and only if it was one before.
    if (input === missing && (value !== null || before === missing)) {
      return;
    }
    if (value !== null && before !== missing) {
      if (isBag(value) && isBag(before)) {
        visitMap(path, value, before, input, inList);
        return;
      }
      if (Array.isArray(value) && Array.isArray(before)) {
        visitList(path, value, before, input);
        return;
      }
      if (equal(value, before)) {
        return;
      }
    }
    const isDelete = value === null && !(input !== missing && isUnknown(input));
    const kind = isDelete ? "delete" : before === missing ? "add" : "update";
    diff[format(path)] = {
      kind: touches(path, value, forceNew) ? replacing[kind] : kind,
      inputDiff: isDelete,
    };
  };

  visitMap([], patch, old, newInputs, false);
  return diff;
}

/** `spec.template.spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function format(path: Path): string {
  return path.reduce<string>((formatted, step) => {
    if (typeof step === "number") {
      return `${formatted}[${step}]`;
    }
    if (/[."[\]]/.test(step)) {
      return `${formatted}["${step.replaceAll('"', '\\"')}"]`;
    }
    return formatted === "" ? step : `${formatted}.${step}`;
  }, "");
}

/** The inverse of `format`. */
export function parsePath(path: string): Path {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[\*\]|([^.[\]]+)/g)].map(
    ([all, index, quoted, plain]) =>
      index !== undefined ? Number(index) : (quoted?.replaceAll('\\"', '"') ?? plain ?? all.slice(1, -1)),
  );
}

/** True if `ignored` (from `ignoreChanges`) is `path` or lies above it; `*` stands for any one step. */
export function covers(ignored: Path, path: Path): boolean {
  return ignored.length <= path.length && ignored.every((step, i) => step === "*" || step === path[i]);
}
