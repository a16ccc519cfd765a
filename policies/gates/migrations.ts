import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "migrations";

/** The migrations a step needs are declared, in order, and may run at this step. */
export function migrations(_input: GateInput): Verdict {
  return { gate, status: "skipped", reason: "nothing is configured" };
}
