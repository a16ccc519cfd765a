import type { z } from "zod";
import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import type { SloPolicy } from "../../config/schemas/slo";
import { sloPolicy } from "../../config/schemas/slo";
import {
  type GateInput,
  judged,
  type RequestCounts,
  type ServiceObservation,
  type Snapshot,
} from "../../policies/gates/input";
import type { ChannelHealth } from "../../policies/gates/input/promotion";
import { notConfigured } from "../../policies/gates/input/source";
import type { Position } from "../../rollout/record";
import { at, liveAt, recordOf, rolling } from "../rollout/releases";

export const policy = (
  services: object = { api: { errorRate: { target: 0.01 } } },
  more: object = {},
): SloPolicy => sloPolicy.parse({ services, ...more });

/** A channel's section with its defaults, and what a test changes of it. */
export const aChannel = (more: Partial<z.input<typeof channelSection>> = {}): ChannelSection =>
  channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    gateway: {
      name: "shared",
      namespace: "gateway",
      hostnames: ["shop.example"],
      url: "http://127.0.0.1:8080",
    },
    services: { api: {}, worker: {} },
    ...more,
  });

const usual = { channel: aChannel(), slo: policy() };

export const counted = (
  requests: number,
  errors = 0,
  within: Record<string, number> = {},
): RequestCounts => ({
  requests,
  errors,
  within,
});

export const seen = (
  candidate: RequestCounts | null,
  baseline: RequestCounts | null = null,
  problem: string | null = null,
): ServiceObservation => ({ candidate, baseline, problem });

export type Healthy = Extract<ChannelHealth, { status: "known" }>;

/** Another channel that meets its objectives with the release at 100 %, and has no source of incidents. */
export const healthy = (more: Partial<Healthy> = {}): Healthy => ({
  status: "known",
  slo: policy(),
  services: { api: seen(counted(5000)) },
  incidentPolicy: undefined,
  incidents: notConfigured,
  ...more,
});

/** An advance from 10 to 30 %, looked at after an hour, with everything collected and in order. */
export function transition(
  more: Partial<Omit<GateInput, "snapshot">> & { from?: Position | null; snapshot?: Partial<Snapshot> } = {},
): GateInput {
  const { from = rolling(10), snapshot, ...rest } = more;
  return {
    kind: "advance",
    to: rolling(30),
    record: from === null ? null : recordOf(from),
    channelName: "canary",
    channel: usual.channel,
    reason: null,
    lane: "train",
    attempt: 1,
    slo: usual.slo,
    compat: null,
    evidence: null,
    ...rest,
    snapshot: {
      takenAt: at(3600),
      live: from === null ? { routes: {}, mirror: null, jobs: [] } : liveAt(from),
      gateway: { problem: null },
      services: { api: seen(counted(1000), counted(9000)) },
      split: notConfigured,
      pods: notConfigured,
      capacity: notConfigured,
      promotion: notConfigured,
      budget: notConfigured,
      incidents: notConfigured,
      compat: notConfigured,
      sharing: notConfigured,
      artifact: { status: "known", hash: judged({ to: rest.to ?? rolling(30) }).hash },
      evidence: notConfigured,
      evidenceKey: notConfigured,
      governance: notConfigured,
      actor: { name: "ann", verifiedBy: null, roles: [] },
      ...snapshot,
    },
  };
}
