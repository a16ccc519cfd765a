import type { CompatSource } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** The newest report of the compatibility matrix. */
export async function observeCompat(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<CompatSource> {
  return notConfigured;
}
