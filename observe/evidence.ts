import type { EvidenceSource } from "../policies/gates/input/evidence";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** The evidence that is in for the judged release. */
export async function observeEvidence(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<EvidenceSource> {
  return notConfigured;
}
