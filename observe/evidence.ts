import { collectEvidence } from "../evidence/collect";
import type { EvidenceSource } from "../policies/gates/input/evidence";
import { notConfigured } from "../policies/gates/input/source";
import { enteredStep, evidenceSubject } from "../policies/gates/required-evidence";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/**
 * The evidence that is in for the judged release; nothing is looked for where nothing is asked.
 * @throws {UserError} when a policy file, or a JSON Schema that it names, is broken
 */
export async function observeEvidence(
  transition: JudgedTransition,
  {
    channelName,
    settings,
    policies,
    projectDir,
    now,
  }: Pick<SnapshotSources, "channelName" | "settings" | "policies" | "projectDir" | "now">,
): Promise<EvidenceSource> {
  if (enteredStep(transition) === null) return notConfigured;
  const policy = policies.evidence();
  if (policy === null) return notConfigured;
  const subject = evidenceSubject({ ...transition, channelName, lane: settings.lane });
  const items = await collectEvidence(policy, subject, { projectDir, access: policies.access, now });
  return { status: "known", items };
}
