import type { ArtifactSource } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** The release file of the judged release as it is on disk now. */
export async function observeArtifact(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<ArtifactSource> {
  return notConfigured;
}
