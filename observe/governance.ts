import { readApprovals } from "../evidence/approvals/folder";
import type { GovernanceSource } from "../policies/gates/input/governance";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/**
 * Signed approvals and overrides, as far as they can be believed. What they are for is judged by the gates.
 * @throws {UserError} when the access file is missing or not valid
 */
export async function observeGovernance(
  _transition: JudgedTransition,
  { channel, policies, projectDir }: Pick<SnapshotSources, "channel" | "policies" | "projectDir">,
): Promise<GovernanceSource> {
  const access = policies.access();
  if (access === null) return notConfigured;
  return readApprovals(projectDir, channel.approvals.folder, access);
}
