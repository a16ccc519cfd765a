import type { SharingSource } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** Releases of other channels that live on the same data store. */
export async function observeSharing(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<SharingSource> {
  return notConfigured;
}
