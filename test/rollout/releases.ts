import { releaseFile } from "../../config/schemas/release";
import type { CapacitySettings } from "../../rollout/capacity";
import { cohortMatches, type LiveRule } from "../../rollout/cohorts";
import type { DataSettings, PlannedData } from "../../rollout/data-jobs";
import type { LiveTraffic } from "../../rollout/live";
import type { Desired, ProposeInput } from "../../rollout/proposal";
import type { ChannelRecord, Intent, Position, TransitionKind } from "../../rollout/record";
import { httpServices, type Overlay, overlayHash, type Release, resolveRelease } from "../../rollout/release";

const image = (letter: string) => `local/shop@sha256:${letter.repeat(64)}`;
const probes = { readiness: { path: "/readyz", port: 8080 } };
const http = { port: 8080, path: "/" };

/** A service reached over HTTP, and one that only works. */
export const apiAndWorker = {
  api: { image: image("a"), http, probes },
  worker: { image: image("b"), probes },
};

export const twoFrontsAndWorker = { ...apiAndWorker, web: { image: image("c"), http, probes } };

export function aFile(version: string, services: object = apiAndWorker, more: object = {}) {
  return releaseFile.parse({ version, product: "shop", services, ...more });
}

export function aRelease(version: string, overlay: Overlay = {}, services: object = apiAndWorker): Release {
  return resolveRelease(aFile(version, services), overlay);
}

export const old = aRelease("1.0.0");
export const next = aRelease("1.1.0");
export const third = aRelease("1.2.0");

/** ISO time, so many seconds after the tests' beginning. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

export const steady = (baseline = old): Position => ({
  state: "steady",
  baseline,
  candidate: null,
  weight: 0,
});
export const rolling = (weight: number, candidate = next, baseline = old): Position => ({
  state: "rolling",
  baseline,
  candidate,
  weight,
});
export const completed = (candidate = next, baseline = old): Position => ({
  state: "completed",
  baseline,
  candidate,
  weight: 100,
});
export const rolledBack = (candidate = next, baseline = old): Position => ({
  state: "rolled-back",
  baseline,
  candidate,
  weight: 0,
});

const kindOf: Record<Position["state"], TransitionKind> = {
  steady: "install",
  rolling: "advance",
  completed: "advance",
  "rolled-back": "rollback",
};

/** The record of a channel at that position since `at(0)`, by transition `t1`. */
export function recordOf(position: Position, more: Partial<ChannelRecord> = {}): ChannelRecord {
  return {
    schema: 1,
    channel: "canary",
    ...position,
    transition: { id: "t1", kind: kindOf[position.state], at: at(0) },
    since: at(0),
    attempt: 1,
    completed: [{ version: position.baseline.version, hash: position.baseline.hash, at: at(0) }],
    rejected: [],
    setAsideOverlay: null,
    history: [],
    braked: false,
    ...more,
  };
}

/** An intent that got to its end has the record's transition id, `t1`. */
export function intentTo(kind: TransitionKind, target: Position, id = "t2"): Intent {
  return { schema: 1, id, kind, startedAt: at(50), target, attempt: 1 };
}

/** What the routes of a position have beside their weights. */
export function liveRules(position: Position, services: readonly string[]): Record<string, LiveRule[]> {
  return Object.fromEntries(
    services.flatMap((service) => {
      const rules = cohortMatches(position, service).map((matches) => ({
        matches,
        shares: { [position.candidate?.id ?? ""]: 100 },
      }));
      return rules.length === 0 ? [] : [[service, rules]];
    }),
  );
}

/** The routes as a position asks for them; the mirror as the record of `recordOf` leaves it. */
export function liveAt(position: Position, mirror: LiveTraffic["mirror"] = null): LiveTraffic {
  const { baseline, candidate, weight } = position;
  const services = [
    ...new Set([baseline, candidate].flatMap((release) => (release ? httpServices(release) : []))),
  ];
  const share = (service: string): Record<string, number> => {
    const sides = [
      { release: baseline, weight: 100 - weight },
      ...(candidate === null ? [] : [{ release: candidate, weight }]),
    ].filter(({ release }) => release.services[service]?.http !== undefined);
    return Object.fromEntries(sides.map((side) => [side.release.id, sides.length === 1 ? 100 : side.weight]));
  };
  const rules = liveRules(position, services);
  return {
    routes: Object.fromEntries(services.map((service) => [service, share(service)])),
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
    mirror,
    jobs: [],
  };
}

/** A channel whose services have a fixed size. */
export const sized = (replicas: Readonly<Record<string, number>>): CapacitySettings => ({
  mode: "full",
  services: Object.fromEntries(Object.entries(replicas).map(([name, count]) => [name, { replicas: count }])),
});

/** A channel that neither copies its data nor keeps a ledger of it. */
export const withoutData: DataSettings = { stages: [10, 30, 100], ledger: false, backup: false };
export const noChanges: PlannedData = { companions: [], migrations: [], reconciliations: [] };

export const nothingLive: LiveTraffic = { routes: {}, mirror: null, jobs: [] };

export function wish(release: Release, more: Partial<Desired> = {}): Desired {
  return {
    version: release.version,
    release,
    overlayHash: release.overlayHash,
    stage: "auto",
    attempt: 1,
    ...more,
  };
}

/** A whole input: a channel that is where its record says, a minute after it got there. */
export function situation(
  position: Position | null,
  desired: Desired,
  more: Partial<ProposeInput> & { remembers?: Partial<ChannelRecord> } = {},
): ProposeInput {
  const { remembers, ...rest } = more;
  return {
    record: position === null ? null : recordOf(position, remembers),
    intent: position === null ? null : intentTo(kindOf[position.state], position, "t1"),
    desired,
    live: position === null ? nothingLive : liveAt(position),
    stages: [10, 30, 100],
    cohorts: [],
    rollbackWindowSeconds: 600,
    migrationOrder: "sequential",
    now: at(60),
    ...rest,
  };
}

export const overlayOf = (value: string): Overlay => ({ api: { SHOP_BANNER: value } });
export { overlayHash };
