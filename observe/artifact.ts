import { UserError } from "../config/load/problems";
import { loadRelease } from "../config/load/release";
import { bringsIn } from "../policies/gates/findings";
import { judged } from "../policies/gates/input";
import type { ArtifactSource } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import { resolveRelease } from "../rollout/release";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** The release file of the judged release as it is on disk now; what stays or goes back needs none. */
export async function observeArtifact(
  transition: JudgedTransition,
  { channel, projectDir }: SnapshotSources,
): Promise<ArtifactSource> {
  if (!bringsIn(transition)) return notConfigured;
  try {
    const file = loadRelease(projectDir, channel.releases, judged(transition).version);
    return { status: "known", hash: resolveRelease(file, {}).hash };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "unavailable", problem: error.message.replaceAll(/\s*\n\s*/g, " ") };
  }
}
