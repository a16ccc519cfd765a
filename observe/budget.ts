import type { BudgetSource } from "../policies/gates/input/metrics";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** How fast the live release spends its error budget. */
export async function observeBudget(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<BudgetSource> {
  return notConfigured;
}
