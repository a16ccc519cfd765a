import type { ChannelSection, StageSetting } from "../../config/schemas/channel";
import type { MigrationOrder } from "../../config/schemas/data-store";
import { capacity } from "../../policies/gates/capacity";
import { dataPlane } from "../../policies/gates/data-plane";
import type { GateInput } from "../../policies/gates/input";
import { migrations } from "../../policies/gates/migrations";
import { semver } from "../../policies/gates/semver";
import type { Cohort, LiveRule } from "../../rollout/cohorts";
import { nextRecord } from "../../rollout/history";
import type { LiveTraffic } from "../../rollout/live";
import type { MigrationStep } from "../../rollout/migrations";
import { type Decision, decide, intentOf, type Plan, routedServices, routeWeights } from "../../rollout/plan";
import type { Proposal } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import { type ChannelRecord, type Intent, interrupted } from "../../rollout/record";
import { httpServices, objectName, type Release, resolveRelease } from "../../rollout/release";
import { afterRestore } from "../../rollout/restored";
import type { RestoredData } from "../../rollout/restored-data";
import type { Verdict } from "../../rollout/verdict";
import { aChannel, transition } from "../gates/transitions";
import { allPhases, type DeclaredMigration, migrating, orders } from "./data";
import type { DataStore } from "./data-store";
import {
  aFile,
  apiAndWorker,
  at,
  liveRules,
  overlayOf,
  sized,
  twoFrontsAndWorker,
  withoutData,
} from "./releases";

export const stages = [10, 30, 100];
export const rollbackWindowSeconds = 600;
export const replicas = { api: 4, web: 3, worker: 5 };

/** How far an update gets before it is killed. */
export const ends = [
  "before",
  "intent",
  "rising",
  "one-route",
  "routes",
  "data",
  "record",
  "complete",
] as const;
export type End = (typeof ends)[number];
export type Gates = "pass" | "hold" | "fail";

/** Everything that one update saw, decided and did, to be checked. */
export interface Update {
  record: ChannelRecord | null;
  intent: Intent | null;
  live: LiveTraffic;
  attempt: number;
  proposal: Proposal;
  judged: boolean;
  gates: Gates;
  end: End;
  decision: Decision;
  after: { record: ChannelRecord | null; live: LiveTraffic };
}

/** A version may bring a service, and another one drop it. */
const servicesOf: Record<string, object> = {
  "1.0.0": apiAndWorker,
  "1.1.0": twoFrontsAndWorker,
  "1.2.0": { api: twoFrontsAndWorker.api, web: twoFrontsAndWorker.web },
};
const resolved = new Map<string, Release>();

/** The same with data that moves; a release repeats what the one before it has. */
const grown = { ...orders, id: "0006-more" };
const dataOf: Record<string, [migrations: readonly DeclaredMigration[], schema: number]> = {
  "1.0.0": [[orders], 1],
  "1.1.0": [allPhases, 2],
  "1.2.0": [[...allPhases, grown], 3],
};
const withLedger = aChannel({
  maxWait: "1h",
  migrations: { ledger: { url: { name: "database", key: "url" } } },
});

/** A channel whose state and cluster are simulated: what the state holds, what the routes say, what is configured. */
export class Channel {
  record: ChannelRecord | null = null;
  intent: Intent | null = null;
  routes: Record<string, Record<string, number>> = {};
  mirror: LiveTraffic["mirror"] = null;
  version = "1.0.0";
  overlay = "a";
  stage: StageSetting = "auto";
  attempt = 1;
  cohorts: Cohort[] = [];
  migrationOrder: MigrationOrder = "sequential";
  capacity = sized(replicas);
  /** What the gate of capacity goes by; it is not asked where there is none. */
  bounded: ChannelSection | null = null;
  /** Release and service → pods that it was last asked to have. */
  pods: Record<string, Record<string, number>> = {};
  /** Service → most pods of both live releases together that there were in the last update. */
  most: Record<string, number> = {};
  rules: Record<string, LiveRule[]> = {};
  restored: RestoredData | null = null;
  private seconds = 0;
  private updates = 0;

  /** @param store its releases migrate it; none where it is left out */
  constructor(readonly store: DataStore | null = null) {}

  wait(seconds: number): void {
    this.seconds += seconds;
    if (this.store !== null) this.store.now = at(this.seconds);
  }

  /** What the configuration asks for; the release files are all there and as they were. */
  get wanted(): Release {
    const key = `${this.version} ${this.store === null ? this.overlay : "with data"}`;
    const known = resolved.get(key) ?? this.resolve();
    resolved.set(key, known);
    return known;
  }

  private resolve(): Release {
    if (this.store === null)
      return resolveRelease(aFile(this.version, servicesOf[this.version]), overlayOf(this.overlay));
    const [migrations, writes] = dataOf[this.version] ?? [[], 0];
    return migrating(this.version, migrations, { data: { writes, reads: [1, 2, 3] } });
  }

  /** As it is now: a route or Job that changes is replaced by another one. */
  get live(): LiveTraffic {
    const { mirror, restored } = this;
    const workloads = Object.entries(this.pods).flatMap(([id, services]) =>
      Object.entries(services).map(([service, count]) => [objectName(service, { id }), { replicas: count }]),
    );
    return {
      ...(this.bounded === null ? {} : { workloads: Object.fromEntries(workloads) }),
      routes: { ...this.routes },
      rules: { ...this.rules },
      mirror,
      jobs: [...(this.store?.jobs ?? [])],
      ...(restored === null ? {} : { restored: structuredClone(restored) }),
    };
  }

  get interrupted(): boolean {
    return interrupted(this.record, this.intent);
  }

  /** Someone gives the candidate another share by hand, in some of the routes. */
  setByHand(weight: number, services: readonly string[]): void {
    const { record } = this;
    if (record?.candidate == null) return;
    for (const service of services) {
      const shared = [record.baseline, record.candidate].every((release) =>
        httpServices(release).includes(service),
      );
      if (shared && this.routes[service] !== undefined)
        this.routes[service] = { [record.baseline.id]: 100 - weight, [record.candidate.id]: weight };
    }
  }

  /** Someone takes the rules of all cohorts out of a route, or adds one that nobody judged. */
  setRulesByHand(service: string, rule: LiveRule | null): void {
    if (this.routes[service] === undefined) return;
    this.rules[service] = rule === null ? [] : [...(this.rules[service] ?? []), rule];
  }

  deleteRoute(service: string): void {
    delete this.routes[service];
    delete this.rules[service];
  }

  /** One `pulumi up`; as the program does it. */
  update(gates: Gates, end: End): Update {
    this.wait(1);
    this.most = {};
    const seen = { record: this.record, intent: this.intent, live: this.live, attempt: this.attempt };
    const now = at(this.seconds);
    const wanted = this.wanted;
    const desired = {
      version: this.version,
      release: wanted,
      overlayHash: wanted.overlayHash,
      stage: this.stage,
      attempt: this.attempt,
    };
    const { cohorts, migrationOrder } = this;
    const settings = { stages, cohorts, rollbackWindowSeconds, migrationOrder };
    const proposal = propose({ ...seen, ...settings, desired, now });
    const kind = judgedKind(proposal);
    const decision = decide({
      proposal,
      verdicts: kind === null ? [] : [verdict(gates), ...this.realVerdicts(kind, proposal)],
      record: this.record,
      interrupted: this.interrupted,
      live: this.live,
      attempt: this.attempt,
      strictHold: false,
      capacity: this.capacity,
      data: this.store === null ? withoutData : { ...withoutData, ledger: true },
      id: `t${++this.updates}`,
      now,
    });
    if (decision.outcome !== "blocked" && decision.plan?.transition) {
      this.carryOut(decision.plan, end);
    } else if (decision.outcome !== "blocked" && decision.plan !== null) {
      this.store?.reconcile(decision.plan);
      for (const direction of ["rising", "falling"] as const) this.scale(decision.plan, direction);
    }
    return {
      ...seen,
      proposal,
      judged: kind !== null,
      gates,
      end,
      decision,
      after: { record: this.record, live: this.live },
    };
  }

  /** Of the gates that look at live weights, at versions and at the data. */
  private realVerdicts(kind: GateInput["kind"], proposal: Proposal): Verdict[] {
    const { record, live } = afterRestore(this.record, this.live);
    if (!("to" in proposal)) return [];
    const { to } = proposal;
    const { attempt } = this;
    const input = transition({ kind, to, attempt, channel: withLedger, snapshot: { live } });
    const asked = this.store === null ? [dataPlane] : [dataPlane, semver, migrations];
    const { bounded } = this;
    return [
      ...asked.map((gate) => gate({ ...input, record })),
      ...(bounded === null ? [] : [capacity({ ...input, record, channel: bounded })]),
    ];
  }

  private migrate(plan: Plan, step: MigrationStep): boolean {
    return this.store?.carryOut(plan, step) ?? true;
  }

  private scale({ releases }: Plan, direction: "rising" | "falling"): void {
    for (const { release, services } of releases.filter((planned) => planned.direction === direction)) {
      this.pods[release.id] = Object.fromEntries(
        services.map(({ service, replicas: pods }) => [service, pods]),
      );
    }
    for (const service of Object.keys(replicas)) {
      const pods = releases.reduce((sum, { release }) => sum + (this.pods[release.id]?.[service] ?? 0), 0);
      this.most[service] = Math.max(this.most[service] ?? 0, pods);
    }
  }

  /** The steps of an update in the order of the components; killed after the one that is named. */
  private carryOut(plan: Plan, end: End): void {
    const reached = (step: End) => ends.indexOf(end) >= ends.indexOf(step);
    if (!reached("intent")) return;
    this.intent = intentOf(plan, this.intent);
    if (reached("rising")) {
      if (!this.migrate(plan, "before-traffic") || !this.migrate(plan, "alongside")) return;
      this.scale(plan, "rising");
    }
    const services = routedServices(plan);
    for (const service of reached("routes") ? services : reached("one-route") ? services.slice(0, 1) : []) {
      this.routes[service] = Object.fromEntries(
        routeWeights(plan, service).map(({ release, weight }) => [release.id, weight]),
      );
      delete this.rules[service];
      Object.assign(this.rules, liveRules(plan.to, [service]));
    }
    if (reached("data") && !this.migrate(plan, "after-traffic")) return;
    if (!reached("record")) return;
    this.wait(1);
    const confirmed = { id: plan.transition?.id ?? "", confirmedAt: at(this.seconds), services: {} };
    const attribution = { actor: "ann", reason: null };
    const record = nextRecord("canary", this.record, plan, confirmed, attribution);
    this.record = record;
    if (!reached("complete")) return;
    this.store?.cleanUp(plan);
    this.scale(plan, "falling");
    const kept = plan.releases.map(({ release }) => release.id);
    for (const id of Object.keys(this.pods)) if (!kept.includes(id)) delete this.pods[id];
    for (const service of Object.keys(this.routes))
      if (!services.includes(service)) this.deleteRoute(service);
    this.mirror = { transition: record.transition.id, at: record.transition.at };
  }
}

function verdict(status: Gates): Verdict {
  return { gate: "any", status, reason: `it ${status}s` };
}

/** What the program has judged a proposal as, if at all; see `observe/judgement.ts`. */
function judgedKind(proposal: Proposal): GateInput["kind"] | null {
  const kind = proposal.kind === "resume" ? proposal.underlying : proposal.kind;
  return kind === "install" || kind === "start" || kind === "advance" || kind === "finalize" ? kind : null;
}
