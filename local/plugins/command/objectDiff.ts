import type { PropertyDiff } from "../protocol/plugin";
import { type Bag, equal, isBag, isSecret, type Value } from "../protocol/values";

/** Differences between old and new inputs, down to single elements: `environment.A`, `triggers[0]`. */
export function objectDiff(olds: Bag, news: Bag): Record<string, PropertyDiff> {
  const diff: Record<string, PropertyDiff> = {};
  const visit = (path: string, before: Value | undefined, after: Value | undefined): void => {
    if (equal(before, after)) {
      return;
    }
    if (before === undefined || before === null || after === undefined || after === null) {
      const kind = after === undefined || after === null ? "delete" : "add";
      diff[path] = { kind, inputDiff: false };
      return;
    }
    if (Array.isArray(before) && Array.isArray(after)) {
      for (let i = 0; i < Math.max(before.length, after.length); i++) {
        visit(`${path}[${i}]`, before[i], after[i]);
      }
      return;
    }
    if (isBag(before) && isBag(after) && !isSecret(before) && !isSecret(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        visit(join(path, key), before[key], after[key]);
      }
      return;
    }
    diff[path] = { kind: "update", inputDiff: false };
  };
  visit("", olds, news);
  return diff;
}

function join(path: string, key: string): string {
  if (/[."[\]]/.test(key)) {
    return `${path}["${key.replaceAll('"', '\\"')}"]`;
  }
  return path === "" ? key : `${path}.${key}`;
}
