import type { EvidenceCondition } from "../config/schemas/evidence";

/** The conditions that a document does not meet; what is not there meets none. */
export function conditionProblems(document: unknown, conditions: readonly EvidenceCondition[]): string[] {
  return conditions.flatMap((condition) => {
    const { pointer, is, value } = condition;
    const found = measure(resolvePointer(document, pointer));
    if (found !== undefined && meets(found, condition)) return [];
    return [
      `${pointer} is ${found === undefined ? "nothing that can be compared" : found}; wanted is ${is} ${value}`,
    ];
  });
}

function meets(found: string | number | boolean, { is, value }: EvidenceCondition): boolean {
  if (is === "=") return found === value;
  if (is === "≠") return typeof found === typeof value && found !== value;
  if (typeof found !== "number" || typeof value !== "number") return false;
  switch (is) {
    case "≤":
      return found <= value;
    case "≥":
      return found >= value;
    case "<":
      return found < value;
    case ">":
      return found > value;
  }
}

/** A list counts by its length. */
function measure(found: unknown): string | number | boolean | undefined {
  if (Array.isArray(found)) return found.length;
  return typeof found === "string" || typeof found === "number" || typeof found === "boolean"
    ? found
    : undefined;
}

/** RFC 6901; undefined where nothing stands. */
function resolvePointer(document: unknown, pointer: string): unknown {
  const fields = pointer.split("/").slice(1);
  return fields.reduce<unknown>((parent, field) => {
    const name = field.replaceAll("~1", "/").replaceAll("~0", "~");
    const own = typeof parent === "object" && parent !== null && Object.hasOwn(parent, name);
    return own ? (parent as Record<string, unknown>)[name] : undefined;
  }, document);
}
