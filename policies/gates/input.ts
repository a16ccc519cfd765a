import type { ChannelSection } from "../../config/schemas/channel";
import type { SloPolicy } from "../../config/schemas/slo";
import type { LiveTraffic } from "../../rollout/live";
import type { ChannelRecord, Position, TransitionKind } from "../../rollout/record";

/** Whole counts of one release's requests over the observation window. */
export interface RequestCounts {
  requests: number;
  errors: number;
  /** Upper bound of a histogram bucket in seconds → requests answered within it. */
  within: Readonly<Record<string, number>>;
}

/** What the metrics source says of one service; `problem` where it says nothing that can be relied on. */
export interface ServiceObservation {
  candidate: RequestCounts | null;
  baseline: RequestCounts | null;
  problem: string | null;
}

/** The shared Gateway as the cluster shows it. */
export interface GatewayObservation {
  problem: string | null;
}

/** What is known of the channel that versions are promoted from. */
export type PromotionSource =
  | { status: "not-configured" }
  | { status: "unavailable"; problem: string }
  | { status: "known"; record: ChannelRecord | null };

/** Everything that was collected, once, for this run; what a verdict rests on. */
export interface Snapshot {
  /** ISO 8601. */
  takenAt: string;
  live: LiveTraffic;
  gateway: GatewayObservation;
  /** Null where no metrics source is configured. */
  services: Readonly<Record<string, ServiceObservation>> | null;
  promotion: PromotionSource;
}

/** All that a gate may look at. */
export interface GateInput {
  /** Of a resumed transition, the one that is resumed. */
  kind: Exclude<TransitionKind, "resume">;
  to: Position;
  record: ChannelRecord | null;
  channel: Pick<ChannelSection, "observation" | "promotion" | "stages">;
  slo: SloPolicy;
  snapshot: Snapshot;
}

/** The release that a transition gives more traffic, or the rest of it for good. */
export function judged(input: GateInput) {
  return input.to.candidate ?? input.to.baseline;
}

/** Whether a transition gives more to a release that has traffic already: what live gates judge. */
export function raises({ kind, record }: Pick<GateInput, "kind" | "record">): boolean {
  return (
    (kind === "advance" && record !== null && record.weight > 0) ||
    (kind === "finalize" && record?.state === "completed")
  );
}
