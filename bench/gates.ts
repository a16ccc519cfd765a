import { quantileSorted } from "simple-statistics";
import { evidencePolicy } from "../config/schemas/evidence";
import { sloPolicy } from "../config/schemas/slo";
import { judge } from "../policies/gates";
import type { Release } from "../rollout/release";
import * as compat from "../test/gates/compat-reports";
import { aChannel, counted, healthy, seen, transition } from "../test/gates/transitions";
import { at, liveAt, recordOf, rolling } from "../test/rollout/releases";

/** How long all gates together need for one transition of a channel with many services, without any I/O. */
const serviceCount = 50;
const runs = 500;

const names = ["api", "worker"];
while (names.length < serviceCount) names.push(`service-${names.length}`);
const perService = <Value>(value: Value) => Object.fromEntries(names.map((name) => [name, value]));
const withServices = (release: Release): Release => ({
  ...release,
  services: { ...perService(Object.values(release.services)[0]), ...release.services } as Release["services"],
});

const [live, next] = [withServices(compat.live), withServices(compat.next)];
const from = rolling(10, next, live);
const completed = [{ version: next.version, hash: next.hash, at: at(0) }];
const kinds = Array.from({ length: 14 }, (_, index) => `kind-${index + 1}`);
const requests = (count: number) => counted(count, Math.round(count / 200), { "0.3": count - 20 });

const input = transition({
  from,
  to: rolling(30, next, live),
  channel: aChannel({
    promotion: { from: "canary", greenFor: "1h" },
    changeWindow: {
      zone: "Europe/Berlin",
      windows: [{ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "24:00" }],
    },
    incidents: { file: "incidents.yaml" },
    access: "access.yaml",
    permissions: { promote: ["operations"] },
    approvals: { rules: [{ change: "any", at: 30, roles: ["business", "technology"] }] },
    sharesDataWith: ["stable"],
  }),
  slo: sloPolicy.parse({
    services: perService({
      errorRate: { target: 0.01 },
      latency: [{ withinSeconds: 0.3, share: 0.95 }],
    }),
  }),
  compat: compat.matrix,
  evidence: evidencePolicy.parse({
    kinds: Object.fromEntries(kinds.map((kind) => [kind, { pattern: `${kind}.json`, schema: "stress" }])),
  }),
  snapshot: {
    live: liveAt(from),
    services: perService(seen(requests(20_000), requests(180_000))),
    promotion: { status: "known", record: recordOf(from, { completed }), health: healthy() },
    incidents: { status: "known", incidents: [], alerts: [], problems: [] },
    compat: compat.known(compat.report(next, live)),
    sharing: {
      status: "known",
      channels: { stable: [{ version: live.version, hash: live.hash, data: live.data }] },
    },
    evidence: {
      status: "known",
      items: kinds.map((kind) => ({
        kind,
        file: `${kind}.json`,
        sha256: "a".repeat(64),
        baselineSha256: null,
        producedAt: at(1800),
        releaseCandidateId: "rc-1",
        correlationId: "c-1",
        problems: [],
        signature: "not-required" as const,
        signatureProblem: null,
      })),
    },
    governance: {
      status: "known",
      approvals: ["business", "technology"].map((role) => ({
        file: `${role}.jws`,
        by: role,
        roles: [role],
        channel: "canary",
        version: next.version,
        hash: next.hash,
        scope: "30",
        signedAt: at(0),
        expiresAt: at(86_400),
      })),
      overrides: [],
      rejected: [],
    },
    actor: { name: "olga", verifiedBy: "cluster", roles: ["operations"] },
  },
});

const milliseconds = Array.from({ length: runs }, () => {
  const begin = performance.now();
  judge(input);
  return performance.now() - begin;
}).sort((left, right) => left - right);

const quantile = (share: number) => `${quantileSorted(milliseconds, share).toFixed(2)} ms`;
console.log(
  `all gates, ${serviceCount} services, ${runs} runs: median ${quantile(0.5)}, p99 ${quantile(0.99)}, max ${quantile(1)}`,
);
for (const { gate, status, reason } of judge(input)) {
  console.log(`  ${gate.padEnd(15)}${status.padEnd(9)}${reason}`);
}
