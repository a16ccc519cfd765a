import { type Autoscaling, type CapacityMode, defaultReplicas } from "../config/schemas/capacity";
import type { ChannelSection } from "../config/schemas/channel";
import { activeCohorts } from "./cohorts";
import type { LiveTraffic } from "./live";
import type { Position } from "./record";
import { httpServices, objectName, type Release } from "./release";
import { type Side, sharedReplicas, weightedReplicas } from "./stages";

/** How many pods a channel's services may have. */
export interface CapacitySettings {
  mode: CapacityMode;
  /** Service → its full size, or the bounds of what finds it. */
  services: Readonly<Record<string, { replicas: number } | Autoscaling>>;
}

export function capacitySettings({ capacity, services }: ChannelSection): CapacitySettings {
  return {
    mode: capacity,
    services: Object.fromEntries(
      Object.entries(services).map(([name, { replicas, autoscaling }]) => [
        name,
        autoscaling ?? { replicas: replicas ?? defaultReplicas },
      ]),
    ),
  };
}

/** One service of one live release, as it is to be. */
export interface PlannedService {
  service: string;
  /** Pods that its share needs; of one that is autoscaled, the fewest. */
  replicas: number;
  /** Of its autoscaler; missing where it has none, or somebody else's. */
  autoscaling?: Autoscaling;
  /** Somebody's own autoscaler, which decides on its replicas. */
  scaledBy?: string;
  /** It is live, and at least half of the pods that it is asked to have are ready; left out otherwise. */
  canServe?: true;
}

/** One live release, as it is to be. */
export interface PlannedRelease {
  side: Side;
  release: Release;
  /** Share of the traffic, 0 to 100. */
  share: number;
  /** A rising side is Ready before traffic moves; a falling one is changed after it was seen to have moved. */
  direction: "rising" | "falling";
  services: PlannedService[];
}

export interface CapacityInput {
  settings: CapacitySettings;
  /** Of services whose size is not configured; see `sizesAfter`. */
  sizes: Readonly<Record<string, number>>;
  live: LiveTraffic;
}

/** The live releases of a position, with the pods that each of their services is to have. */
export function plannedReleases(
  to: Position,
  from: Position | null,
  { settings, sizes, live }: CapacityInput,
): PlannedRelease[] {
  const { baseline, candidate, weight } = to;
  // How many requests a cohort has is not known: as many as the candidate may have to answer, until it was seen to go.
  const cohorts = [to, from].some((one) => one !== null && activeCohorts(one).length > 0);
  const answered = weight > 0 && cohorts ? 100 : weight;
  const planned = (name: Side, release: Release, other: Release | null, service: string): PlannedService => {
    const alone = other?.services[service] === undefined;
    const configured = settings.services[service] ?? { replicas: 1 };
    const isWeighted = release.services[service]?.http !== undefined;
    const bounds = isWeighted && "maxReplicas" in configured ? configured : null;
    const size = sizes[service] ?? (bounds === null ? fixedSize(configured) : bounds.minReplicas);
    const workload = live.workloads?.[objectName(service, release)];
    const { scaledBy } = workload ?? {};
    const seen = workload !== undefined && canServe(workload) ? { canServe: true as const } : {};
    const replicas = isWeighted
      ? weightedReplicas(
          name,
          { replicas: size, weight: name === "candidate" ? answered : weight, alone },
          settings.mode,
        )
      : sharedReplicas(name, { replicas: size, weight, alone });
    if (bounds === null)
      return { service, replicas, ...seen, ...(scaledBy === undefined ? {} : { scaledBy }) };
    const floor = Math.min(bounds.maxReplicas, alone ? bounds.minReplicas : replicas);
    return scaledBy === undefined
      ? { service, replicas: floor, ...seen, autoscaling: { ...bounds, minReplicas: floor } }
      : { service, replicas: floor, ...seen, scaledBy };
  };
  const side = (name: Side, release: Release, other: Release | null, share: number): PlannedRelease => ({
    side: name,
    release,
    share,
    direction: directionOf(release, share, from, live),
    services: Object.keys(release.services).map((service) => planned(name, release, other, service)),
  });
  return [
    side("baseline", baseline, candidate, 100 - weight),
    ...(candidate === null ? [] : [side("candidate", candidate, baseline, weight)]),
  ];
}

/** Pods of a full set that are enough to go back to it. */
export function enoughToGoBack(replicas: number): number {
  return Math.ceil(replicas / 2);
}

function canServe({ replicas, ready = replicas }: { replicas: number; ready?: number | undefined }): boolean {
  return replicas > 0 && ready >= enoughToGoBack(replicas);
}

function fixedSize(configured: CapacitySettings["services"][string]): number {
  return "replicas" in configured ? configured.replicas : configured.minReplicas;
}

/** Compared with what is recorded and with what is live: a share may have been moved without being recorded. */
function directionOf(
  release: Release,
  share: number,
  from: Position | null,
  live: LiveTraffic,
): PlannedRelease["direction"] {
  const known = [
    recordedShare(release, from),
    ...httpServices(release).flatMap((service) => live.routes[service]?.[release.id] ?? []),
  ];
  if (share === 0) return "falling";
  if (share > Math.min(...known)) return "rising";
  return share < Math.max(...known) ? "falling" : "rising";
}

function recordedShare({ id }: Release, from: Position | null): number {
  if (id === from?.candidate?.id) return from.weight;
  return id === from?.baseline.id ? 100 - from.weight : 0;
}
