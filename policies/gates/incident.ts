import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "incident";

/** No incident is open and no critical alert is active. */
export function incident(_input: GateInput): Verdict {
  return { gate, status: "skipped", reason: "nothing is configured" };
}
