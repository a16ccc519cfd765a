import type { Policies } from "../../config/load/policies";
import { stackSettings } from "../../config/schemas/channel";
import type { SloPolicy } from "../../config/schemas/slo";
import type { SnapshotSources } from "../../observe/snapshot";
import { aChannel, policy } from "../gates/transitions";
import { at, liveAt, rolling } from "../rollout/releases";
import { clusterWith } from "./cluster";

/** What a collection may read from: nothing but what a test says. */
export function sourcesWith(more: Partial<SnapshotSources> & { slo?: SloPolicy } = {}): SnapshotSources {
  const { slo = policy(), ...rest } = more;
  const policies: Policies = {
    slo: () => slo,
    compat: () => null,
    evidence: () => null,
    access: () => null,
  };
  return {
    cluster: clusterWith({}),
    channelName: "canary",
    channel: aChannel(),
    settings: stackSettings.parse({ version: "1.1.0" }),
    projectDir: "/nowhere",
    policies,
    live: liveAt(rolling(10)),
    readMemory: () => Promise.resolve({ intent: null, record: null }),
    now: new Date(at(3600)),
    ...rest,
  };
}
