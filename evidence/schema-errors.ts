import type { ErrorObject } from "ajv";

/** What a JSON Schema finds wrong, a line each: where it is, and what was expected there. */
export function schemaErrors(errors: readonly ErrorObject[] | null | undefined): string[] {
  const told = (errors ?? [])
    // Only says that a branch was taken; what is wrong in the branch is told by itself.
    .filter(({ keyword }) => keyword !== "if")
    .map(({ instancePath, message, params }) =>
      [instancePath || "/", message ?? "is not valid", detail(params)]
        .filter((part) => part !== "")
        .join(" "),
    );
  return [...new Set(told)];
}

/** Some lists have hundreds of values, such as that of all licenses. */
const listable = 12;

function detail(params: Record<string, unknown>): string {
  const name = params.additionalProperty ?? params.unevaluatedProperty;
  if (typeof name === "string") return `(found ${name})`;
  const { allowedValues } = params;
  if (Array.isArray(allowedValues) && allowedValues.length <= listable)
    return `(${allowedValues.join(", ")})`;
  return "allowedValue" in params ? `(${String(params.allowedValue)})` : "";
}
