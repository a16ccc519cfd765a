import { defaultReplicas, surgePods } from "../../config/schemas/capacity";
import { thousandths } from "../../config/schemas/quantity";
import { capacitySettings, plannedReleases } from "../../rollout/capacity";
import { positionOf } from "../../rollout/record";
import { objectName } from "../../rollout/release";
import { sizesAfter } from "../../rollout/sizes";
import type { GateInput } from "./input";
import type { CapacitySource } from "./input/capacity";

type Amounts = Readonly<Record<string, string>>;

/** New pods of one service of one release, and what each of them asks for. */
export interface PodDemand {
  service: string;
  count: number;
  requests: Amounts;
  limits: Amounts;
}

/** Pods that a step needs and that are not there yet. What it lets go of is only gone after it. */
export function newPods(
  { kind, to, record, channel, snapshot }: GateInput,
  defaults: Extract<CapacitySource, { status: "known" }>["defaults"],
): PodDemand[] {
  const { live } = snapshot;
  return planned({ kind, to, record, channel, snapshot }).flatMap(({ service, name, replicas, scaledBy }) => {
    const count = replicas - (live.workloads?.[name]?.replicas ?? 0);
    if (scaledBy !== undefined || count <= 0) return [];
    const { requests = {}, limits = {} } = channel.services[service]?.resources ?? {};
    // A container that only limits a resource requests as much of it.
    const filled = {
      requests: { ...defaults.requests, ...limits, ...requests },
      limits: { ...defaults.limits, ...limits },
    };
    return [{ service, count, ...filled }];
  });
}

/** Deployments that somebody's own autoscaler keeps below what the step needs, as sentences. */
export function keptTooSmall(input: Parameters<typeof planned>[0]): string[] {
  const { live } = input.snapshot;
  return planned(input).flatMap(({ name, replicas, scaledBy }) => {
    const has = live.workloads?.[name]?.replicas ?? 0;
    if (scaledBy === undefined || has >= replicas) return [];
    return [
      `the autoscaler ${scaledBy}, which is not this channel's, keeps ${has} pods of ${name}, and the step needs ${replicas}: raise its minReplicas`,
    ];
  });
}

/**
 * Services that somebody's own autoscaler has found a size for, and that would fall to the configured one with all of
 * the traffic: it ended with the release that it was for, as sentences.
 */
export function leftTooSmall(input: Parameters<typeof planned>[0]): string[] {
  if (input.kind !== "finalize") return [];
  return planned(input).flatMap(({ service, name, replicas, autoscaling, scaledBy }) => {
    const size = input.record?.sizes?.[service] ?? 0;
    if ((autoscaling ?? scaledBy) !== undefined || size <= replicas) return [];
    return [
      `${name} has the ${size} pods that an autoscaler of the release before it has found, and would have ${replicas} from here on: set services.${service}.replicas or services.${service}.autoscaling, or let an autoscaler of your own scale it`,
    ];
  });
}

/**
 * Services of a fixed size whose baseline has more pods than its share needs, so that the step would go beyond the
 * bound: an update that did not get to its end may have left them.
 */
export function beyondSurge(input: Parameters<typeof planned>[0]): string[] {
  const { surge, services } = input.channel;
  if (surge === undefined) return [];
  const all = planned(input).filter(({ autoscaling, scaledBy }) => (autoscaling ?? scaledBy) === undefined);
  return all.flatMap(({ side, service, replicas }) => {
    const baseline = all.find((one) => one.side === "baseline" && one.service === service);
    if (side === "baseline" || baseline === undefined) return [];
    const has = input.snapshot.live.workloads?.[baseline.name]?.replicas ?? 0;
    const size = services[service]?.replicas ?? defaultReplicas;
    if (replicas + has - size <= surgePods(surge, size)) return [];
    return [
      `${baseline.name} has ${has} pods, which with ${replicas} of the candidate go beyond \`surge\` (${surge} above ${size}): this update takes away what an unfinished one has left; what a hand has added is for a hand to take away`,
    ];
  });
}

function planned({
  kind,
  to,
  record,
  channel,
  snapshot,
}: Pick<GateInput, "kind" | "to" | "record" | "channel" | "snapshot">) {
  const settings = capacitySettings(channel);
  const { live } = snapshot;
  const sizes = sizesAfter(kind, to, record, live, settings);
  const from = record === null ? null : positionOf(record);
  return plannedReleases(to, from, { settings, sizes, live }).flatMap(({ side, release, services }) =>
    services.map((one) => ({ ...one, side, name: objectName(one.service, release) })),
  );
}

/** Of a resource, in thousandths; nothing where it is not asked for. */
export function amountOf(amounts: Amounts, resource: string): number {
  return thousandths(amounts[resource] ?? "0") ?? 0;
}
