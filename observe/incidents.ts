import type { IncidentSource } from "../policies/gates/input/metrics";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** Open incidents and active alerts. */
export async function observeIncidents(
  _transition: JudgedTransition,
  _sources: SnapshotSources,
): Promise<IncidentSource> {
  return notConfigured;
}
