import type { Verdict } from "../../rollout/verdict";
import { approval } from "./approval";
import { artifact } from "./artifact";
import { capacity } from "./capacity";
import { changeWindow } from "./change-window";
import { compat } from "./compat";
import { dataPlane } from "./data-plane";
import { dataSchema } from "./data-schema";
import { errorBudget } from "./error-budget";
import { evidence } from "./evidence";
import { evidenceKey } from "./evidence-key";
import { incident } from "./incident";
import { type GateInput, lowers } from "./input";
import { migrations } from "./migrations";
import { observation } from "./observation";
import { applyOverrides } from "./override";
import { promotion } from "./promotion";
import { rbac, witnessActor } from "./rbac";
import { reason, witnessReason } from "./reason";
import { semver } from "./semver";
import { slo } from "./slo";
import type { LoweringInput, WitnessVerdict } from "./witness";

const gates = [
  semver,
  artifact,
  compat,
  dataSchema,
  migrations,
  promotion,
  evidence,
  evidenceKey,
  changeWindow,
  approval,
  rbac,
  reason,
  dataPlane,
  capacity,
  incident,
  errorBudget,
  observation,
  slo,
] as const;

/** Every gate's verdict on one transition. */
export function judge(input: GateInput): Verdict[] {
  if (lowers(input)) return witness(input);
  return applyOverrides(
    input,
    gates.map((gate) => gate(input)),
  );
}

/** What is recorded of a transition that only lowers a share: it waits for nothing, whatever is missing. */
export function witness(input: LoweringInput): WitnessVerdict[] {
  return [witnessActor(input), witnessReason(input)];
}
