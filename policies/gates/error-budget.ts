import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "error-budget";

/** A rollout begins only while there is error budget left to spend. */
export function errorBudget(_input: GateInput): Verdict {
  return { gate, status: "skipped", reason: "nothing is configured" };
}
