import type { SloPolicy } from "../../../config/schemas/slo";
import { sloPolicy } from "../../../config/schemas/slo";
import type { GateInput, RequestCounts, ServiceObservation, Snapshot } from "../../../policies/gates/input";
import type { Position } from "../../../rollout/record";
import { at, liveAt, recordOf, rolling } from "../../rollout/releases";

export const policy = (
  services: object = { api: { errorRate: { target: 0.01 } } },
  more: object = {},
): SloPolicy => sloPolicy.parse({ services, ...more });

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

/** An advance from 10 to 30 %, looked at after an hour, with everything collected and in order. */
export function transition(
  more: Partial<Omit<GateInput, "snapshot">> & { from?: Position | null; snapshot?: Partial<Snapshot> } = {},
): GateInput {
  const { from = rolling(10), snapshot, ...rest } = more;
  return {
    kind: "advance",
    to: rolling(30),
    record: from === null ? null : recordOf(from),
    channel: { observation: { for: 1800 }, promotion: undefined, stages: [10, 30, 100] },
    slo: policy(),
    ...rest,
    snapshot: {
      takenAt: at(3600),
      live: from === null ? { routes: {}, mirror: null } : liveAt(from),
      gateway: { problem: null },
      services: { api: seen(counted(1000), counted(9000)) },
      promotion: { status: "not-configured" },
      ...snapshot,
    },
  };
}
