import { array, assert, constantFrom, property, record } from "fast-check";
import { judge } from "../../policies/gates";
import type { Override } from "../../policies/gates/input/governance";
import { applyOverrides, neverOverridden, overridable } from "../../policies/gates/override";
import type { Verdict } from "../../rollout/verdict";
import { at } from "../rollout/releases";
import { governed, overrideBy } from "./governance";
import { aChannel, transition } from "./transitions";

const channel = aChannel({ access: "access.yaml", permissions: { override: ["operations"] } });
const held: Verdict = {
  gate: "slo",
  status: "hold",
  reason: "too few requests",
  observed: "3",
  expected: "100",
};

const applied = (overrides: Override[], verdicts: Verdict[] = [held]) =>
  applyOverrides(transition({ channel, snapshot: { governance: governed({ overrides }) } }), verdicts);
const ownLine = (verdicts: Verdict[]) => verdicts.find(({ gate }) => gate === "override");

test.each(["hold", "fail"] as const)("a %s that is overridden tells who, why and until when", (status) => {
  const [slo] = applied([overrideBy()], [{ ...held, status }]);
  expect(slo).toEqual({
    ...held,
    status: "pass",
    reason: `overridden by ann until ${at(7200)}: figures are of the load test. The gate says: too few requests`,
    override: { by: "ann", reason: "figures are of the load test", expiresAt: at(7200) },
  });
});

test.each(["pass", "skipped"] as const)("a %s is left as it is", (status) => {
  expect(applied([overrideBy()], [{ ...held, status }])[0]).toEqual({ ...held, status });
});

test("an override whose end cannot be read is never in force", () => {
  const verdicts = applied([overrideBy({ expiresAt: "soon" })]);
  expect(verdicts[0]).toEqual(held);
  expect(ownLine(verdicts)?.reason).toContain("it is meant to last longer than 24 h");
});

test.each(neverOverridden)("%s is overridden by nobody", (gate) => {
  const broken: Verdict = { gate, status: "fail", reason: "broken" };
  const verdicts = applied([overrideBy({ gate })], [broken]);
  expect(verdicts[0]).toEqual(broken);
  expect(ownLine(verdicts)?.reason).toContain("this gate cannot be overridden");
});

describe("all gates together", () => {
  test("each can be overridden, or is known never to be", () => {
    const gates = judge(transition()).map(({ gate }) => gate);
    expect([...overridable, ...neverOverridden].sort()).toEqual(
      gates.filter((gate) => gate !== "override").sort(),
    );
  });

  test("whatever is signed, nothing but what was signed for opens, and never what keeps data and traffic whole", () => {
    const gate = constantFrom(...overridable, ...neverOverridden);
    const anOverride = record({
      gate,
      roles: constantFrom(["operations"], ["business"], [] as string[]),
      hash: constantFrom(overrideBy().hash, "0".repeat(64)),
      channel: constantFrom("canary", "stable"),
      expiresAt: constantFrom(at(3599), at(7200), at(90_000)),
    }).map(overrideBy);
    const verdict = record({
      gate,
      status: constantFrom("pass", "fail", "hold", "skipped"),
      reason: constantFrom("why"),
    });
    assert(
      property(
        array(anOverride, { maxLength: 4 }),
        array(verdict, { maxLength: 6 }),
        (overrides, verdicts) => {
          const after = applied(overrides, verdicts);
          expect(after).toHaveLength(verdicts.length + 1);
          verdicts.forEach((before, index) => {
            const changed = after[index]?.status !== before.status;
            if (!changed) return;
            expect(neverOverridden).not.toContain(before.gate);
            const opener = overrides.find(
              (one) =>
                one.gate === before.gate &&
                one.roles.includes("operations") &&
                one.hash === overrideBy().hash &&
                one.channel === "canary" &&
                one.expiresAt === at(7200),
            );
            expect(opener).toBeDefined();
          });
        },
      ),
    );
  });
});
