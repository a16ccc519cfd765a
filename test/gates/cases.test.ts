import { judge } from "../../policies/gates";
import { gateInput } from "../../policies/gates/input";
import type { VerdictStatus } from "../../rollout/verdict";
import { casesOf, inputOf } from "./cases";
import { transition } from "./transitions";

/** What each gate can say. Of what only lowers a share they are not asked, but for who does it and why. */
const statuses: Record<string, VerdictStatus[]> = {
  semver: ["fail", "pass", "skipped"],
  artifact: ["fail", "hold", "pass", "skipped"],
  compat: ["fail", "hold", "pass", "skipped"],
  "data-schema": ["fail", "hold", "pass", "skipped"],
  migrations: ["fail", "hold", "pass", "skipped"],
  promotion: ["fail", "hold", "pass", "skipped"],
  evidence: ["fail", "hold", "pass", "skipped"],
  "evidence-key": ["hold", "pass", "skipped"],
  "change-window": ["hold", "pass", "skipped"],
  approval: ["hold", "pass", "skipped"],
  rbac: ["fail", "pass", "skipped"],
  reason: ["hold", "pass", "skipped"],
  "data-plane": ["fail", "hold", "pass"],
  capacity: ["hold", "pass", "skipped"],
  incident: ["fail", "hold", "pass", "skipped"],
  "error-budget": ["fail", "hold", "pass", "skipped"],
  observation: ["hold", "pass", "skipped"],
  slo: ["fail", "hold", "pass", "skipped"],
  override: ["pass", "skipped"],
};

const closed: readonly VerdictStatus[] = ["fail", "hold"];

const casesByGate = new Map(
  Object.keys(statuses).map((gate) => {
    const cases = (["good", "bad"] as const).flatMap((folder) =>
      casesOf(gate, folder).map(([file, one]) => {
        return { folder, file, one, title: one.title, input: inputOf(one) };
      }),
    );
    return [gate, cases];
  }),
);

describe.each([...casesByGate])("%s", (gate, cases) => {
  test.each(cases)("$folder/$file: $title", ({ folder, one, input }) => {
    expect(gateInput.parse(input)).toMatchObject(input);
    const verdicts = judge(input);
    const { others, reason, ...expected } = one.expected;
    const verdict = verdicts.find((each) => each.gate === gate);
    expect(verdict).toMatchObject({ ...expected, reason: expect.stringContaining(reason) });
    for (const [other, status] of Object.entries(others)) {
      expect(verdicts.find((each) => each.gate === other)).toMatchObject({ gate: other, status });
    }
    const told = [expected.status, ...Object.values(others)];
    expect(told.some((status) => closed.includes(status))).toBe(folder === "bad");
  });

  test("has good and bad inputs, and one at least for everything it can say", () => {
    expect(new Set(cases.map(({ folder }) => folder))).toEqual(new Set(["good", "bad"]));
    expect([...new Set(cases.map(({ one }) => one.expected.status))].sort()).toEqual(statuses[gate]);
    expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
  });
});

describe("all gates", () => {
  test("have cases", () => {
    const gates = judge(transition()).map(({ gate }) => gate);
    expect(Object.keys(statuses).sort()).toEqual(gates.sort());
  });

  test("say nothing that is not known of them", () => {
    const inputs = [...casesByGate.values()].flat().map(({ input }) => input);
    const verdicts = inputs.flatMap(judge).filter(({ override }) => override === undefined);
    for (const { gate, status } of verdicts)
      expect([gate, statuses[gate]]).toEqual([gate, expect.arrayContaining([status])]);
  });
});
