import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "override";

/** Gates that nobody can override: what they refuse would break the product's data or its traffic. */
export const neverOverridden: readonly string[] = ["data-plane", "data-schema", "migrations", "artifact"];

/** Opens the gates that are overridden, validly and for now; its own verdict tells which, and what is not believed. */
export function applyOverrides(_input: GateInput, verdicts: readonly Verdict[]): Verdict[] {
  return [...verdicts, { gate, status: "skipped", reason: "no override is in" }];
}
