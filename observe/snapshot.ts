import type { ChannelSection } from "../config/schemas/channel";
import type { SloPolicy } from "../config/schemas/slo";
import type { GateInput, PromotionSource, Snapshot } from "../policies/gates/input";
import { raises } from "../policies/gates/input";
import type { LiveTraffic } from "../rollout/live";
import type { Cluster } from "./kubernetes";
import { observeServices } from "./slo";
import type { Memory } from "./state";
import { observeGateway } from "./traffic";

export interface SnapshotSources {
  cluster: Cluster;
  channel: ChannelSection;
  /** Read only where a transition is judged by it: a broken policy file must not hold up a rollback. */
  slo(): SloPolicy;
  live: LiveTraffic;
  /** Reads the memory of the channel that versions are promoted from. */
  readMemory(stack: string): Promise<Memory>;
  now: Date;
}

/** Collects what the gates of one transition look at, once per run. */
export async function takeSnapshot(
  transition: Pick<GateInput, "kind" | "to" | "record">,
  sources: SnapshotSources,
): Promise<Snapshot> {
  const { cluster, channel, live, now } = sources;
  const [gateway, services, promotion] = await Promise.all([
    observeGateway(cluster, channel),
    observeJudgedServices(transition, sources),
    observePromotion(transition, sources),
  ]);
  return { takenAt: now.toISOString(), live, gateway, services, promotion };
}

async function observeJudgedServices(
  transition: Pick<GateInput, "kind" | "to" | "record">,
  { channel, slo: policy, now }: SnapshotSources,
): Promise<Snapshot["services"]> {
  const { record } = transition;
  if (channel.prometheus === undefined || record === null || record.candidate === null) return null;
  if (!raises(transition)) return {};
  const from = Date.parse(record.since) / 1000 + channel.prometheus.scrapeInterval;
  return observeServices(
    channel,
    policy(),
    { candidate: record.candidate, baseline: record.baseline },
    { from, to: Math.max(from, now.getTime() / 1000) },
  );
}

async function observePromotion(
  { kind }: Pick<GateInput, "kind">,
  { channel, readMemory }: SnapshotSources,
): Promise<PromotionSource> {
  if (channel.promotion === undefined || kind === "rollback" || kind === "correct" || kind === "finalize") {
    return { status: "not-configured" };
  }
  try {
    const { record } = await readMemory(channel.promotion.from);
    return { status: "known", record };
  } catch (error) {
    return { status: "unavailable", problem: (error as Error).message };
  }
}
