import type { Policies } from "../config/load/policies";
import type { ChannelSection, StackSettings } from "../config/schemas/channel";
import type { GateInput, Snapshot } from "../policies/gates/input";
import type { LiveTraffic } from "../rollout/live";
import { observeActor } from "./actor";
import { observeArtifact } from "./artifact";
import { observeBudget } from "./budget";
import { observeCapacity } from "./capacity";
import { observeCompat } from "./compat";
import { observeEvidence } from "./evidence";
import { observeEvidenceKey } from "./evidence-key";
import { observeGovernance } from "./governance";
import { observeIncidents } from "./incidents";
import type { Cluster } from "./kubernetes";
import { observePods } from "./pods";
import { observePromotion } from "./promotion";
import { observeSharing } from "./sharing";
import { observeServices } from "./slo";
import { observeSplit } from "./split";
import type { Memory } from "./state";
import { observeGateway } from "./traffic";

/** The transition that is to be judged. */
export type JudgedTransition = Pick<GateInput, "kind" | "to" | "record">;

export interface SnapshotSources {
  cluster: Cluster;
  channelName: string;
  channel: ChannelSection;
  settings: StackSettings;
  /** The project's folder, absolute. */
  projectDir: string;
  /** Read only where a transition is judged by them: a broken policy file must not hold up a rollback. */
  policies: Policies;
  live: LiveTraffic;
  /** Reads the memory of another channel's stack. */
  readMemory(stack: string): Promise<Memory>;
  now: Date;
}

/** Collects what the gates of one transition look at, once per run. */
export async function takeSnapshot(
  transition: JudgedTransition,
  sources: SnapshotSources,
): Promise<Snapshot> {
  const { live, now } = sources;
  const [
    gateway,
    services,
    split,
    pods,
    capacity,
    promotion,
    budget,
    incidents,
    compat,
    sharing,
    artifact,
    evidence,
    evidenceKey,
    governance,
    actor,
  ] = await Promise.all([
    observeGateway(sources, transition.to),
    observeServices(transition, sources),
    observeSplit(transition, sources),
    observePods(transition, sources),
    observeCapacity(transition, sources),
    observePromotion(transition, sources),
    observeBudget(transition, sources),
    observeIncidents(transition, sources),
    observeCompat(transition, sources),
    observeSharing(transition, sources),
    observeArtifact(transition, sources),
    observeEvidence(transition, sources),
    observeEvidenceKey(sources),
    observeGovernance(transition, sources),
    observeActor(sources),
  ]);
  return {
    takenAt: now.toISOString(),
    live,
    gateway,
    services,
    split,
    pods,
    capacity,
    promotion,
    budget,
    incidents,
    compat,
    sharing,
    artifact,
    evidence,
    evidenceKey,
    governance,
    actor,
  };
}
