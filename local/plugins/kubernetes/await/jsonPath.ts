import { isBag, type Value } from "../../protocol/values";

/** One step of a path: a key, a position, all elements, or those with a given field value. */
type Step =
  | { key: string }
  | { index: number }
  | "*"
  | { where: string[]; operator: "==" | "!="; equals: string };

export interface JsonPathCondition {
  /** As written, in braces. */
  path: string;
  /** Empty: the path only has to exist. */
  value: string;
  steps: Step[];
}

const step =
  /^(?:\.([A-Za-z_][\w-]*)|\.?\[['"]([^'"]*)['"]\]|\.?\[(-?\d+)\]|\.?\[\*\]|\.\*|\.?\[\?\s*\(?\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|(\w+))\s*\)?\s*\])/;

/** Parses `jsonpath={.path}=value` or `jsonpath={.path}`, in the strict form of `kubectl get -o jsonpath`. */
export function parseJsonPath(expression: string): JsonPathCondition {
  const written = expression.slice("jsonpath=".length);
  // A single "=" outside of the braces separates path and value.
  const end = written.lastIndexOf("}");
  if (!written.startsWith("{") || end < 0) {
    throw new Error(`${written} should be wrapped in brackets { ... }`);
  }
  const path = written.slice(0, end + 1);
  const rest = written.slice(end + 1);
  if (rest !== "" && !rest.startsWith("=")) {
    throw new Error(`format should be {.path}=value or {.path}, got "${written}"`);
  }
  if (rest === "=") {
    throw new Error(`${path}= requires a value`);
  }
  return { path, value: rest.slice(1), steps: parseSteps(path.slice(1, -1).trim().replace(/^\$/, ""), path) };
}

function parseSteps(source: string, path: string): Step[] {
  const steps: Step[] = [];
  let rest = source;
  while (rest !== "") {
    const match = step.exec(rest);
    if (match === null) {
      throw new Error(`parsing "${path}": cannot read "${rest}"`);
    }
    const [all, key, quoted, index, where, operator, ...operands] = match;
    if (key !== undefined || quoted !== undefined) {
      steps.push({ key: key ?? quoted ?? "" });
    } else if (index !== undefined) {
      steps.push({ index: Number(index) });
    } else if (where !== undefined) {
      const equals = operands.find((operand) => operand !== undefined) ?? "";
      steps.push({ where: where.slice(1).split("."), operator: operator === "!=" ? "!=" : "==", equals });
    } else {
      steps.push("*");
    }
    rest = rest.slice(all.length);
  }
  return steps;
}

/** All values that the path selects. */
export function select(value: Value, steps: Step[]): Value[] {
  return steps.reduce<Value[]>((values, next) => values.flatMap((current) => take(current, next)), [value]);
}

function take(value: Value, next: Step): Value[] {
  const elements = Array.isArray(value) ? value : isBag(value) ? Object.values(value) : [];
  if (next === "*") {
    return elements;
  }
  if ("key" in next) {
    const found = isBag(value) && Object.hasOwn(value, next.key) ? value[next.key] : undefined;
    return found === undefined ? [] : [found];
  }
  if ("index" in next) {
    const found = Array.isArray(value) ? value.at(next.index) : undefined;
    return found === undefined ? [] : [found];
  }
  const { where, operator, equals } = next;
  return elements.filter((element) => {
    const [found] = select(
      element,
      where.map((key) => ({ key })),
    );
    return found !== undefined && (String(found) === equals) === (operator === "==");
  });
}
