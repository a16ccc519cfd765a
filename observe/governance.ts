import type { GovernanceSource } from "../policies/gates/input/governance";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** Signed approvals and overrides for the judged release. */
export async function observeGovernance(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<GovernanceSource> {
  return notConfigured;
}
