import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sloPolicy } from "../../config/schemas/slo";
import { collectEvidence } from "../../evidence/collect";
import { judge } from "../../policies/gates";
import { evidenceSubject } from "../../policies/gates/required-evidence";
import type { VerdictStatus } from "../../rollout/verdict";
import { accessOf, EvidenceProject, kinds, now, signer } from "../evidence/project";
import { at, completed, next, recordOf, rolling, steady } from "../rollout/releases";
import * as compat from "./compat-reports";
import { aChannel, counted, type Healthy, healthy, seen, transition } from "./transitions";

/** What a release handbook says must stop a release, and which gate does. */
interface Scenario {
  gate: string;
  status: VerdictStatus;
  says: RegExp;
  input(project: EvidenceProject): ReturnType<typeof transition> | Promise<ReturnType<typeof transition>>;
}

type Changes = Parameters<typeof transition>[0];

/** Somebody who may sign drills, and somebody who may not. */
const operator = signer("otto", ["operations"]);
const stranger = signer("otto", ["operations"]);

/** An example of a report, from the folder of good and bad ones. */
function example(file: string) {
  return JSON.parse(readFileSync(join("test/evidence", file), "utf8"));
}

const [drillFile = ""] = readdirSync("test/evidence/good/rollback-drill");
const drill = example(`good/rollback-drill/${drillFile}`);
const drillKind = {
  pattern: "drill.json",
  schema: "rollback-drill",
  maxAge: "30d",
  signedBy: ["operations"],
};

/** An advance that is judged by the files of a project, as they are collected. */
async function withFiles(project: EvidenceProject, kind: object, changes: Changes = {}) {
  const policy = kinds({ one: kind });
  const input = transition({ evidence: policy, ...changes });
  project.access = accessOf(operator);
  const items = await collectEvidence(policy, evidenceSubject(input), {
    projectDir: project.folder,
    access: () => project.access,
    now,
  });
  return transition({ evidence: policy, ...changes, snapshot: { evidence: { status: "known", items } } });
}

const errors = sloPolicy.parse({ services: { api: { errorRate: { target: 0.01 } } } });
const alertFor = (seconds: number) => ({
  status: "known" as const,
  incidents: [],
  alerts: [
    { name: "ErrorsHigh", severity: "critical", activeSince: at(3600 - seconds), summary: "Many errors" },
  ],
  problems: [],
});
const watched = aChannel({ incidents: { file: "incidents.yaml" } });
const evenings = aChannel({ changeWindow: { zone: "Europe/Berlin" } });
const stable = aChannel({ promotion: { from: "canary", greenFor: "24h" } });
const entersStable: Changes = { kind: "start", from: steady(), to: rolling(10), channel: stable };
const canary = (completedAt: number | null, health: Partial<Healthy> = {}) => ({
  status: "known" as const,
  record: recordOf(completed(), {
    completed: completedAt === null ? [] : [{ version: next.version, hash: next.hash, at: at(completedAt) }],
  }),
  health: healthy(health),
});

const scenarios: Record<string, Scenario> = {
  "a critical alert for five minutes": {
    gate: "incident",
    status: "fail",
    says: /critical alert ErrorsHigh is active for 300 s/,
    input: () => transition({ channel: watched, snapshot: { incidents: alertFor(300) } }),
  },
  "a P1 that is open": {
    gate: "incident",
    status: "fail",
    says: /P1 INC-7 is open/,
    input: () => {
      const p1 = { id: "INC-7", severity: "P1", openedAt: at(0), title: "Orders are lost" };
      const incidents = { status: "known" as const, incidents: [p1], alerts: [], problems: [] };
      return transition({ channel: watched, snapshot: { incidents } });
    },
  },
  "success below the objective's floor": {
    gate: "slo",
    status: "fail",
    says: /5\.00 % errors/,
    input: () =>
      transition({ slo: errors, snapshot: { services: { api: seen(counted(2000, 100), counted(9000)) } } }),
  },
  "an error rate clearly above that of the release before": {
    gate: "slo",
    status: "fail",
    says: /against baseline .*worse by more than the margin/,
    input: () => {
      const tolerant = sloPolicy.parse({ services: { api: { errorRate: { target: 0.2 } } } });
      const services = { api: seen(counted(5000, 400), counted(20_000, 20)) };
      return transition({ slo: tolerant, snapshot: { services } });
    },
  },
  "an error budget that burns": {
    gate: "error-budget",
    status: "fail",
    says: /error budget burns at 20 over/,
    input: () => {
      const slo = sloPolicy.parse({
        services: { api: { errorRate: { target: 0.01 } } },
        errorBudget: { pairs: [{ long: "1h", short: "5m", budgetShare: 0.02 }] },
      });
      const burn = { service: "api", longWindowSeconds: 3600, shortWindowSeconds: 300 };
      const budget = { status: "known" as const, burns: [{ ...burn, longBurn: 20, shortBurn: 20 }] };
      return transition({ kind: "start", from: steady(), to: rolling(10), slo, snapshot: { budget } });
    },
  },
  "a change in the morning of a working day": {
    gate: "change-window",
    status: "hold",
    says: /closed; the next window opens on Mon 5 Jan 2026 18:00/,
    input: () => transition({ channel: evenings, snapshot: { takenAt: "2026-01-05T09:00:00Z" } }),
  },
  "a change in the evening of a working day": {
    gate: "change-window",
    status: "pass",
    says: /open/,
    input: () => transition({ channel: evenings, snapshot: { takenAt: "2026-01-05T18:00:00Z" } }),
  },
  "a change late on a Sunday": {
    gate: "change-window",
    status: "hold",
    says: /closed/,
    input: () => transition({ channel: evenings, snapshot: { takenAt: "2026-01-11T20:00:00Z" } }),
  },
  "a matrix in which every direction was run": {
    gate: "compat",
    status: "pass",
    says: /all 5 cases/,
    input: () => compat.start(compat.known(compat.report())),
  },
  "N-1 → N: the new release cannot read what the live one wrote": {
    gate: "compat",
    status: "fail",
    says: /before/,
    input: () => compat.start(compat.changed("before", { readable: false, failedChecks: ["orders"] })),
  },
  "N → N: it cannot read what it wrote itself": {
    gate: "compat",
    status: "fail",
    says: /own/,
    input: () => compat.start(compat.changed("own", { readable: false, failedChecks: ["orders"] })),
  },
  "N → N+1: it cannot read what comes next": {
    gate: "compat",
    status: "fail",
    says: /next/,
    input: () => compat.start(compat.changed("next", { readable: false, failedChecks: ["orders"] })),
  },
  "N+1 → N: the live release could not read it after a rollback": {
    gate: "compat",
    status: "fail",
    says: /back/,
    input: () => compat.start(compat.changed("back", { readable: false, failedChecks: ["orders"] })),
  },
  "a broken fixture that is found readable": {
    gate: "compat",
    status: "fail",
    says: /broken/,
    input: () => compat.start(compat.changed("broken", { readable: true, failedChecks: [] })),
  },
  "a broken fixture that fails other checks than expected": {
    gate: "compat",
    status: "fail",
    says: /broken/,
    input: () => compat.start(compat.changed("broken", { failedChecks: ["c"] })),
  },
  "a matrix that nobody has run": {
    gate: "compat",
    status: "hold",
    says: /npm run compat/,
    input: () =>
      transition({
        kind: "start",
        from: steady(compat.live),
        to: rolling(10, compat.next, compat.live),
        compat: compat.matrix,
      }),
  },
  "a rollback drill that is signed by who may": {
    gate: "evidence",
    status: "pass",
    says: /1 of 1 kinds are in/,
    input: async (project) => {
      const bytes = project.json("drill.json", drill);
      project.write("drill.json.jws", await operator.sign(bytes));
      return withFiles(project, drillKind);
    },
  },
  "a rollback drill that nobody signed": {
    gate: "evidence",
    status: "fail",
    says: /is not signed/,
    input: (project) => {
      project.json("drill.json", drill);
      return withFiles(project, drillKind);
    },
  },
  "a rollback drill of two months ago": {
    gate: "evidence",
    status: "hold",
    says: /a newer one is needed/,
    input: async (project) => {
      const times = {
        started_at: "2025-11-01T00:00:00Z",
        ended_at: "2025-11-01T00:10:00Z",
        produced_at: "2025-11-01T00:30:00Z",
      };
      const bytes = project.json("drill.json", { ...drill, ...times });
      project.write("drill.json.jws", await operator.sign(bytes));
      return withFiles(project, drillKind);
    },
  },
  "a rollback drill that was signed with another key": {
    gate: "evidence",
    status: "fail",
    says: /signature/,
    input: async (project) => {
      const bytes = project.json("drill.json", drill);
      project.write("drill.json.jws", await stranger.sign(bytes));
      return withFiles(project, drillKind);
    },
  },
  "a rollback drill that was edited after it was signed": {
    gate: "evidence",
    status: "fail",
    says: /signature/,
    input: async (project) => {
      const bytes = project.json("drill.json", drill);
      project.write("drill.json.jws", await operator.sign(bytes));
      project.json("drill.json", { ...drill, correlation_id: "another" });
      return withFiles(project, drillKind);
    },
  },
  "a capacity that fell behind its baseline": {
    gate: "evidence",
    status: "fail",
    says: /requests_per_second regressed from 1200 to 900/,
    input: (project) => {
      project.json("accepted.json", example("accepted/capacity-baseline.json"));
      project.json("capacity.json", example("bad/capacity-baseline/throughput-regressed.json").report);
      return withFiles(project, {
        pattern: "capacity.json",
        schema: "capacity-baseline",
        baseline: "accepted.json",
      });
    },
  },
  "no bill of materials": {
    gate: "evidence",
    status: "hold",
    says: /no report for 1\.1\.0 is in; expected as sbom-1\.1\.0\.json/,
    input: (project) => withFiles(project, { pattern: "sbom-{{version}}.json", schema: "sbom" }),
  },
  "a canary that has not been green for long enough": {
    gate: "promotion",
    status: "hold",
    says: /has been green in canary for 3600 s; wanted are 86400 s/,
    input: () => transition({ ...entersStable, snapshot: { takenAt: at(3600), promotion: canary(0) } }),
  },
  "a canary whose objectives are broken, and that nobody has rolled back": {
    gate: "promotion",
    status: "fail",
    says: /is not green: api: 50\.0 % errors/,
    input: () =>
      transition({
        ...entersStable,
        snapshot: {
          takenAt: at(90_000),
          promotion: canary(0, { services: { api: seen(counted(1000, 500)) } }),
        },
      }),
  },
  "a version that goes to stable directly": {
    gate: "promotion",
    status: "fail",
    says: /canary has not completed 1\.1\.0/,
    input: () => transition({ ...entersStable, snapshot: { promotion: canary(null) } }),
  },
};

describe("what a release handbook says must stop a release", () => {
  let project: EvidenceProject;
  beforeEach(() => {
    project = new EvidenceProject();
  });
  afterEach(() => project.remove());

  test.each(Object.entries(scenarios))("%s", async (_, { gate, status, says, input }) => {
    const verdict = judge(await input(project)).find((one) => one.gate === gate);
    expect(verdict).toMatchObject({ status });
    expect(verdict?.reason).toMatch(says);
  });
});
