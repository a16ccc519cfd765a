import type { Verdict } from "../../rollout/verdict";
import { dataPlane } from "./data-plane";
import type { GateInput } from "./input";
import { observation } from "./observation";
import { promotion } from "./promotion";
import { semver } from "./semver";
import { slo } from "./slo";

const gates = [semver, promotion, dataPlane, observation, slo] as const;

/** Every gate's verdict on one transition. */
export function judge(input: GateInput): Verdict[] {
  return gates.map((gate) => gate(input));
}
