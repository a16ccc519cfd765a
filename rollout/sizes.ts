import { type Autoscaling, replicasFor } from "../config/schemas/capacity";
import type { CapacitySettings } from "./capacity";
import type { LiveTraffic } from "./live";
import type { ChannelRecord, Position, TransitionKind } from "./record";
import { httpServices, objectName } from "./release";

/** Service → how many pods it needs in full, as an autoscaler has found. */
export type Sizes = Readonly<Record<string, number>>;

/**
 * Sizes of the services that are autoscaled, during a rollout. Looked up where the candidate gets more, and kept by
 * the record: between two steps nothing that is observed may change what is registered.
 */
export function sizesAfter(
  kind: Exclude<TransitionKind, "resume"> | null,
  to: Position,
  record: ChannelRecord | null,
  live: LiveTraffic,
  settings: CapacitySettings,
): Sizes {
  if (kind === null) return record?.sizes ?? {};
  const { baseline, candidate } = to;
  if (candidate === null) return {};
  const sameRollout = record?.candidate?.id === candidate.id;
  const sizes = httpServices(baseline).flatMap((service): [string, number][] => {
    if (candidate.services[service]?.http === undefined) return [];
    const configured = settings.services[service];
    const bounds = configured !== undefined && "maxReplicas" in configured ? configured : null;
    const workload = live.workloads?.[objectName(service, baseline)];
    const recorded = sameRollout ? record?.sizes?.[service] : undefined;
    if (bounds === null && workload?.scaledBy === undefined && recorded === undefined) return [];
    const observed = workload?.replicas;
    if (kind !== "start" && kind !== "advance") {
      return [[service, within(bounds, recorded ?? observed ?? 1)]];
    }
    const share = sameRollout ? 100 - (record?.weight ?? 0) : 100;
    return [[service, within(bounds, sizeFrom(observed, recorded, settings, share))]];
  });
  return Object.fromEntries(sizes);
}

/** A lean baseline runs what its share needs, and more than that only where the whole service needs more too. */
function sizeFrom(
  observed: number | undefined,
  recorded: number | undefined,
  { mode }: CapacitySettings,
  share: number,
): number {
  if (observed === undefined) return recorded ?? 1;
  if (mode === "full") return observed;
  if (share === 0) return recorded ?? observed;
  if (recorded !== undefined && observed <= replicasFor(recorded, share)) return recorded;
  return Math.ceil((100 * observed) / share);
}

function within(bounds: Autoscaling | null, size: number): number {
  return Math.max(bounds?.minReplicas ?? 1, Math.min(bounds?.maxReplicas ?? size, size));
}
