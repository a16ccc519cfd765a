import { type Bag, copy, isBag, type Value } from "../protocol/values";

function typeOf(value: Value | undefined): string {
  return value === null || value === undefined ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/**
 * The part of a live object that has the shape of the inputs that made it: what the cluster added is left
 * out, what it changed stays. Lists are matched by position.
 */
export function prune(source: Bag, target: Bag): Bag {
  const pruned: Bag = {};
  for (const [key, value] of Object.entries(source)) {
    if (Object.hasOwn(target, key)) {
      pruned[key] = pruneValue(value, target[key] ?? null);
    }
  }
  return pruned;
}

function pruneValue(source: Value, target: Value): Value {
  if (isBag(source) && isBag(target)) {
    return prune(source, target);
  }
  if (Array.isArray(source) && Array.isArray(target)) {
    return pruneList(source, target);
  }
  return source;
}

function pruneList(source: Value[], target: Value[]): Value[] {
  if (source.length === 0 || target.length === 0) {
    return [];
  }
  if (typeOf(source[0]) !== typeOf(target[0])) {
    return copy(source);
  }
  return target.slice(0, source.length).map((element, i) => pruneValue(source[i] ?? null, element));
}
