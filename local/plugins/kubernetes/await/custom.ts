import { type Bag, isBag, list, numeric, text } from "../../protocol/values";
import { annotation, waitFor } from "../annotations";
import { parseJsonPath, select } from "./jsonPath";
import { type Condition, collectionOf, type StatusLog, type Target } from "./target";

type Test = (object: Bag, log: StatusLog) => boolean;

/** The annotation `pulumi.com/waitFor`: one expression, or a JSON list of them that all must hold. */
export async function customCondition(target: Target, log: StatusLog): Promise<Condition> {
  const tests = parseExpressions(annotation(target.live, waitFor)).map(parseTest);
  let live = target.live;
  return {
    watches: [
      {
        collection: await collectionOf(target),
        onEvent: ({ type, object }) => {
          if (type !== "deleted") {
            live = object;
          }
        },
      },
    ],
    isSatisfied: () => tests.every((test) => test(live, log)),
    live: () => live,
    reasons: () => [],
    timedOut: () => "timed out waiting for the condition",
    canceled: () => "context canceled",
  };
}

function parseExpressions(value: string): string[] {
  let expressions: unknown;
  try {
    expressions = JSON.parse(value);
  } catch {
    return [value];
  }
  if (!Array.isArray(expressions) || !expressions.every((entry) => typeof entry === "string")) {
    return [value];
  }
  if (expressions.length === 0) {
    throw new Error("at least one condition must be specified");
  }
  return expressions;
}

function parseTest(expression: string): Test {
  if (expression.startsWith("jsonpath=")) {
    return jsonPathTest(expression);
  }
  if (expression.startsWith("condition=")) {
    return conditionTest(expression.slice("condition=".length));
  }
  throw new Error(`expected a "jsonpath=" or "condition=" prefix, got "${expression}"`);
}

function jsonPathTest(expression: string): Test {
  const { path, value, steps } = parseJsonPath(expression);
  const written = value === "" ? path : `${path}=${value}`;
  return (object, log) => {
    const observed = numeric(object, "status", "observedGeneration");
    if (observed !== undefined && observed < (numeric(object, "metadata", "generation") ?? 0)) {
      return false;
    }
    const [found] = select(object, steps);
    if (found === undefined) {
      log("info", `${path} selected nothing`);
      return false;
    }
    if (value !== "" && (isBag(found) || Array.isArray(found))) {
      throw new Error(`"${path}" has a non-primitive value (${JSON.stringify(found)})`);
    }
    const holds = value === "" || String(found) === value;
    log("info", holds ? `Found ${written}` : `Waiting for ${written} (found "${found}")`);
    return holds;
  };
}

/** `Ready` or `Ready=Unknown`; case does not matter. */
function conditionTest(expression: string): Test {
  const [type = "", status = "True"] = expression.split(/=(.*)/s, 2);
  return (object, log) => {
    if (list(object, "status", "conditions").length === 0) {
      log("warning", "Has no .status.conditions");
      return false;
    }
    const found = list(object, "status", "conditions").find(
      (entry) => text(entry, "type").toLowerCase() === type.toLowerCase(),
    );
    if (found === undefined) {
      return false;
    }
    const generation = numeric(object, "metadata", "generation");
    const observed = numeric(found, "observedGeneration") ?? numeric(object, "status", "observedGeneration");
    if (generation !== undefined && observed !== undefined && observed < generation) {
      log("info", `Generation ${observed} is less than expected ${generation}`);
      return false;
    }
    const holds = text(found, "status").toLowerCase() === status.toLowerCase();
    if (!holds) {
      log("info", `Resource has condition ${type}=${text(found, "status")} (want ${status})`);
    }
    return holds;
  };
}
