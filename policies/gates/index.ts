import type { Verdict } from "../../rollout/verdict";
import { approval } from "./approval";
import { artifact } from "./artifact";
import { changeWindow } from "./change-window";
import { compat } from "./compat";
import { dataPlane } from "./data-plane";
import { dataSchema } from "./data-schema";
import { errorBudget } from "./error-budget";
import { evidence } from "./evidence";
import { incident } from "./incident";
import { type GateInput, lowers } from "./input";
import { migrations } from "./migrations";
import { observation } from "./observation";
import { applyOverrides } from "./override";
import { promotion } from "./promotion";
import { rbac } from "./rbac";
import { reason } from "./reason";
import { semver } from "./semver";
import { slo } from "./slo";

const gates = [
  semver,
  artifact,
  compat,
  dataSchema,
  migrations,
  promotion,
  evidence,
  changeWindow,
  approval,
  rbac,
  reason,
  dataPlane,
  incident,
  errorBudget,
  observation,
  slo,
] as const;

/** Gates that have something to record of a rollback; none of them can hold it up. */
const recordingGates = [rbac, reason] as const;

/** Every gate's verdict on one transition. */
export function judge(input: GateInput): Verdict[] {
  if (lowers(input)) return recordingGates.map((gate) => neverInTheWay(gate(input)));
  return applyOverrides(
    input,
    gates.map((gate) => gate(input)),
  );
}

/** Lowering a share waits for nothing, whatever a gate says. */
function neverInTheWay(verdict: Verdict): Verdict {
  return verdict.status === "fail" || verdict.status === "hold" ? { ...verdict, status: "skipped" } : verdict;
}
