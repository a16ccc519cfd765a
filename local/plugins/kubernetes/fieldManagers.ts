import { assign, at, type Bag, bag, copy, isBag, list, remove, text, type Value } from "../protocol/values";
import { format, parsePath } from "./detailedDiff";

/** Managers of client-side writes whose fields an update makes its own, so that they don't conflict. */
const adopted: { prefix: string; operation: "Apply" | "Update" }[] = [
  { prefix: "kubectl", operation: "Apply" },
  { prefix: "kubectl", operation: "Update" },
  { prefix: "before-first-apply", operation: "Update" },
  { prefix: "pulumi-kubernetes", operation: "Update" },
  { prefix: "pulumi-resource-kubernetes", operation: "Update" },
];

/** `managedFields` with all adopted entries merged into one of `manager`; undefined if there are none. */
export function adoptManagedFields(live: Bag, manager: string): Bag[] | undefined {
  const entries = list(live, "metadata", "managedFields").map((entry) => bag(entry));
  const isOwn = (entry: Bag) => entry.manager === manager && entry.operation === "Apply";
  const isAdopted = (entry: Bag) =>
    !isOwn(entry) &&
    !entry.subresource &&
    adopted.some(
      ({ prefix, operation }) => text(entry, "manager").startsWith(prefix) && entry.operation === operation,
    );
  const adoptedEntries = entries.filter(isAdopted);
  const [first, ...rest] = [...entries.filter(isOwn), ...adoptedEntries];
  if (first === undefined || adoptedEntries.length === 0) {
    return undefined;
  }
  const fieldsV1 = rest.reduce(
    (fields, entry) => union(fields, bag(entry, "fieldsV1")),
    bag(first, "fieldsV1"),
  );
  const merged: Bag = { ...copy(first), manager, operation: "Apply", fieldsV1 };
  return [...entries.filter((entry) => !isOwn(entry) && !isAdopted(entry)), merged];
}

function union(a: Bag, b: Bag): Bag {
  const merged: Bag = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const existing = merged[key];
    merged[key] = isBag(existing) && isBag(value) ? union(existing, value) : value;
  }
  return merged;
}

/**
 * Applies `ignoreChanges` to the inputs of an update, in place: a field that only others own is left to
 * them, any other keeps its live value.
 */
export function applyIgnoredChanges(inputs: Bag, live: Bag, ignoreChanges: string[], manager: string): void {
  const entries = list(live, "metadata", "managedFields");
  for (const ignored of ignoreChanges) {
    // As in the official provider, steps into lists are not supported: the path is taken apart at its dots.
    const path = format(parsePath(ignored)).split(".");
    const owners = entries.filter((entry) => owns(at(entry, "fieldsV1"), path));
    const isOurs = owners.some((entry) => text(entry, "manager") === manager);
    if (owners.length > 0 && !isOurs) {
      remove(inputs, ...path);
      continue;
    }
    const current = at(live, ...path);
    if (current !== undefined) {
      assign(inputs, path, copy(current));
    }
  }
}

function owns(fields: Value | undefined, path: string[]): boolean {
  return at(fields, ...path.map((step) => `f:${step}`)) !== undefined;
}
