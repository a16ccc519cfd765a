import { judge } from "../../policies/gates";
import type { GateInput } from "../../policies/gates/input";
import { completed, next, rolledBack, rolling, steady } from "../rollout/releases";
import { transition } from "./transitions";

const statuses = (more: Parameters<typeof transition>[0]) =>
  Object.fromEntries(judge(transition(more)).map(({ gate, status }) => [gate, status]));

/** Everything that can be missing is. */
const blind: Partial<GateInput["snapshot"]> = {
  gateway: { problem: "no answer" },
  services: { api: { candidate: null, baseline: null, problem: "no answer" } },
  promotion: { status: "unavailable", problem: "no answer" },
  live: { routes: {}, mirror: null, jobs: [] },
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
      "change-window",
      "approval",
      "rbac",
      "reason",
      "data-plane",
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

  test("judging leaves its input as it was", () => {
    const input = transition();
    const before = structuredClone(input);
    judge(input);
    expect(input).toEqual(before);
  });
});
