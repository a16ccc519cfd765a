import { evidencePolicy } from "../../config/schemas/evidence";
import { judge } from "../../policies/gates";
import type { GateInput } from "../../policies/gates/input";
import { notConfigured } from "../../policies/gates/input/source";
import { completed, next, rolledBack, rolling, steady } from "../rollout/releases";
import { matrix } from "./compat-reports";
import { aChannel, transition } from "./transitions";

const statuses = (more: Parameters<typeof transition>[0]) =>
  Object.fromEntries(judge(transition(more)).map(({ gate, status }) => [gate, status]));

/** Everything that can be missing is. */
const blind: Partial<GateInput["snapshot"]> = {
  gateway: { problem: "no answer" },
  services: { api: { candidate: null, baseline: null, problem: "no answer" } },
  promotion: { status: "unavailable", problem: "no answer" },
  live: { routes: {}, mirror: null, jobs: [] },
};

const silent = { status: "unavailable", problem: "no answer" } as const;

/** A channel that has every gate ask something of an advance. */
const everythingAsked: Parameters<typeof transition>[0] = {
  channel: aChannel({
    promotion: { from: "canary", greenFor: "1h" },
    incidents: { file: "incidents.yaml" },
    sharesDataWith: ["stable"],
    approvals: { rules: [{ change: "any", at: 30, roles: ["operations"] }] },
    permissions: { promote: ["operations"] },
    access: "access.yaml",
  }),
  compat: matrix,
  evidence: evidencePolicy.parse({ kinds: { sbom: { pattern: "sbom.json", schema: "sbom" } } }),
};
const inOrder: Partial<GateInput["snapshot"]> = {
  incidents: { status: "known", incidents: [], alerts: [], problems: [] },
};

describe("all gates of one transition", () => {
  test("each has a verdict with a reason, and passes where all is well", () => {
    const verdicts = judge(transition());
    expect(verdicts.map(({ gate }) => gate)).toEqual([
      "semver",
      "artifact",
      "compat",
      "data-schema",
      "migrations",
      "promotion",
      "evidence",
      "evidence-key",
      "change-window",
      "approval",
      "rbac",
      "reason",
      "data-plane",
      "capacity",
      "incident",
      "error-budget",
      "observation",
      "slo",
      "override",
    ]);
    for (const { status, reason } of verdicts) {
      expect(["pass", "skipped"]).toContain(status);
      expect(reason).not.toBe("");
    }
  });

  test.each([
    ["rollback", rolling(30), rolledBack()],
    ["correct", rolling(30), rolling(5)],
  ] as const)("a %s is held up by none of them, however little is known", (kind, from, to) => {
    for (const status of Object.values(statuses({ kind, from, to, snapshot: blind }))) {
      expect(["pass", "skipped"]).toContain(status);
    }
  });

  test.each([
    ["install", null, steady()],
    ["start", steady(), rolling(10)],
    ["advance", rolling(10), rolling(30)],
    ["finalize", completed(), steady(next)],
  ] as const)("a %s does not go through blind", (kind, from, to) => {
    const verdicts = Object.values(statuses({ kind, from, to, snapshot: blind }));
    expect(verdicts.some((status) => status === "fail" || status === "hold")).toBe(true);
  });

  test.each<[string, string, Partial<GateInput["snapshot"]>]>([
    ["the gateway", "data-plane", { gateway: { problem: "no answer" } }],
    ["the routes", "data-plane", { live: { routes: {}, mirror: null, jobs: [] } }],
    ["the pods", "data-plane", { pods: silent }],
    ["the pods", "observation", { pods: silent }],
    ["the figures", "slo", { services: { api: { candidate: null, baseline: null, problem: "no answer" } } }],
    ["every service", "slo", { services: {} }],
    ["the release file", "artifact", { artifact: silent }],
    ["the release file", "artifact", { artifact: notConfigured }],
    ["the matrix's report", "compat", { compat: silent }],
    ["the matrix's report", "compat", { compat: notConfigured }],
    ["the evidence", "evidence", { evidence: silent }],
    ["the evidence", "evidence", { evidence: notConfigured }],
    ["the channel before", "promotion", { promotion: silent }],
    ["the channel before", "promotion", { promotion: notConfigured }],
    ["incidents", "incident", { incidents: silent }],
    ["other channels on the data", "data-schema", { sharing: silent }],
    ["other channels on the data", "data-schema", { sharing: notConfigured }],
    ["approvals", "approval", { governance: silent }],
    ["approvals", "approval", { governance: notConfigured }],
    ["who it is", "rbac", {}],
  ])(
    "where nothing else but %s is missing, %s alone keeps an advance from going on (%#)",
    (_, gate, missing) => {
      const all = statuses({ ...everythingAsked, snapshot: { ...inOrder, ...missing } });
      expect(["fail", "hold"]).toContain(all[gate]);
    },
  );

  test("judging leaves its input as it was", () => {
    const input = transition();
    const before = structuredClone(input);
    judge(input);
    expect(input).toEqual(before);
  });
});
