import { type Bag, equal, isBag } from "../protocol/values";

/** The JSON merge patch (RFC 7386) that makes `from` into `to`; empty if they are equal. */
export function mergePatch(from: Bag, to: Bag): Bag {
  const patch: Bag = {};
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(to, key)) {
      patch[key] = null;
    }
  }
  for (const [key, value] of Object.entries(to)) {
    const old = from[key];
    if (isBag(value) && isBag(old)) {
      const inner = mergePatch(old, value);
      if (Object.keys(inner).length > 0) {
        patch[key] = inner;
      }
    } else if (!Object.hasOwn(from, key) || !equal(old, value)) {
      patch[key] = value;
    }
  }
  return patch;
}
