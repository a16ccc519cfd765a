import { z } from "zod";
import type { ChannelSection, ReleaseLane } from "../../../config/schemas/channel";
import type { CompatMatrix } from "../../../config/schemas/compat";
import type { EvidencePolicy } from "../../../config/schemas/evidence";
import type { SloPolicy } from "../../../config/schemas/slo";
import { liveTraffic } from "../../../rollout/live";
import { channelRecord, position, transitionKind } from "../../../rollout/record";
import { capacitySource } from "./capacity";
import { artifactSource, compatSource, sharingSource } from "./compatibility";
import { evidenceKeySource, evidenceSource } from "./evidence";
import { actor, governanceSource } from "./governance";
import { budgetSource, incidentSource, serviceObservation, splitSource } from "./metrics";
import { podsSource } from "./pods";
import { promotionSource } from "./promotion";

export type { RequestCounts, ServiceObservation } from "./metrics";

/** The shared Gateway as the cluster shows it. */
const gatewayObservation = z.object({ problem: z.string().nullable() });
export type GatewayObservation = z.infer<typeof gatewayObservation>;

/** Everything that was collected, once, for this run; what a verdict rests on. */
export const snapshot = z.object({
  takenAt: z.iso.datetime(),
  live: liveTraffic,
  gateway: gatewayObservation,
  /** Null where no metrics source is configured. */
  services: z.record(z.string(), serviceObservation).nullable(),
  split: splitSource,
  pods: podsSource,
  capacity: capacitySource,
  promotion: promotionSource,
  budget: budgetSource,
  incidents: incidentSource,
  compat: compatSource,
  sharing: sharingSource,
  artifact: artifactSource,
  evidence: evidenceSource,
  evidenceKey: evidenceKeySource,
  governance: governanceSource,
  actor,
});
export type Snapshot = z.infer<typeof snapshot>;

/** All that a gate may look at. The policies were checked when their files were read. */
export const gateInput = z.object({
  /** Of a resumed transition, the one that is resumed. */
  kind: transitionKind.exclude(["resume"]),
  to: position,
  record: channelRecord.nullable(),
  channelName: z.string(),
  channel: z.custom<ChannelSection>(),
  /** Why, in the words of who asks for it; null where nothing was said. */
  reason: z.string().nullable(),
  lane: z.custom<ReleaseLane>(),
  attempt: z.int(),
  slo: z.custom<SloPolicy>(),
  compat: z.custom<CompatMatrix>().nullable(),
  evidence: z.custom<EvidencePolicy>().nullable(),
  snapshot,
});
export type GateInput = z.infer<typeof gateInput>;

/** The release that a transition gives more traffic, or the rest of it for good. */
export function judged(input: Pick<GateInput, "to">) {
  return input.to.candidate ?? input.to.baseline;
}

/** Whether a transition gives more to a release that has traffic already: what live gates judge. */
export function raises({ kind, record }: Pick<GateInput, "kind" | "record">): boolean {
  return (
    (kind === "advance" && record !== null && record.weight > 0) ||
    (kind === "finalize" && record?.state === "completed")
  );
}

/** Whether a transition only lowers a share or puts things right: no gate may stand in its way. */
export function lowers({ kind }: Pick<GateInput, "kind">): boolean {
  return kind === "rollback" || kind === "correct";
}
