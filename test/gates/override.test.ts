import { array, assert, constantFrom, property, record } from "fast-check";
import { judge } from "../../policies/gates";
import type { GovernanceSource, Override } from "../../policies/gates/input/governance";
import { applyOverrides, neverOverridden, overridable } from "../../policies/gates/override";
import type { Verdict } from "../../rollout/verdict";
import { at, next, recordOf, rolling } from "../rollout/releases";
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

const applied = (
  overrides: Override[],
  verdicts: Verdict[] = [held],
  more: Parameters<typeof transition>[0] = {},
) =>
  applyOverrides(
    transition({ channel, ...more, snapshot: { governance: governed({ overrides }), ...more.snapshot } }),
    verdicts,
  );
const ownLine = (verdicts: Verdict[]) => verdicts.find(({ gate }) => gate === "override");

describe("an override in force", () => {
  test.each(["hold", "fail"] as const)(
    "turns a %s into a pass that tells who, why and until when",
    (status) => {
      const [slo, own] = applied([overrideBy()], [{ ...held, status }]);
      expect(slo).toEqual({
        ...held,
        status: "pass",
        reason: `overridden by ann until ${at(7200)}: figures are of the load test. The gate says: too few requests`,
        override: { by: "ann", reason: "figures are of the load test", expiresAt: at(7200) },
      });
      expect(own).toEqual({ gate: "override", status: "pass", reason: "overridden: slo" });
    },
  );

  test("opens no other gate", () => {
    const others: Verdict[] = [
      { gate: "observation", status: "hold", reason: "" },
      { gate: "incident", status: "fail", reason: "" },
    ];
    expect(applied([overrideBy()], others).slice(0, 2)).toEqual(others);
  });

  test.each(["pass", "skipped"] as const)("is not used where its gate has said %s", (status) => {
    const [slo, own] = applied([overrideBy()], [{ ...held, status }]);
    expect(slo).toEqual({ ...held, status });
    expect(own).toMatchObject({ status: "skipped", reason: "not needed: slo" });
  });

  test("of several, one is enough", () => {
    const verdicts = applied([overrideBy({ expiresAt: at(10) }), overrideBy({ by: "bob" })]);
    expect(verdicts[0]?.override?.by).toBe("bob");
  });
});

describe("an override is told, and not counted", () => {
  test.each([
    ["when it has expired", { expiresAt: at(3600) }, `it expired at ${at(3600)}`],
    ["when it lasts longer than a day", { expiresAt: at(86_401) }, "it is meant to last longer than 24 h"],
    ["when its end cannot be read", { expiresAt: "soon" }, "it is meant to last longer than 24 h"],
    ["when it was signed in the future", { signedAt: at(3700) }, "which is still to come"],
    [
      "when it is of another release file",
      { hash: "0".repeat(64) },
      "it is for another release file of 1.1.0",
    ],
    ["when it gives no reason", { reason: " " }, "it gives no reason"],
    ["when its signer may not", { roles: ["business"] }, "ann may not override; who may: operations"],
    ["when its gate is none", { gate: "sol" }, "no such gate; there are semver"],
    ["when it overrides itself", { gate: "override" }, "no such gate"],
  ] as [string, Partial<Override>, string][])("%s", (_, more, told) => {
    const verdicts = applied([overrideBy(more)]);
    expect(verdicts[0]).toEqual(held);
    expect(ownLine(verdicts)).toMatchObject({ status: "skipped", reason: expect.stringContaining(told) });
  });

  test("when its release was rolled back since", () => {
    const { version, hash } = next;
    const record = recordOf(rolling(10), {
      rejected: [{ version, hash, attempt: 1, at: at(600), reason: null }],
    });
    expect(applied([overrideBy({ signedAt: at(599) })], [held], { record })[0]).toEqual(held);
    expect(applied([overrideBy({ signedAt: at(601) })], [held], { record })[0]?.status).toBe("pass");
  });

  test("to its last second, and not one longer", () => {
    // Of a whole day, its last second.
    const day = overrideBy({ signedAt: at(3600 - 86_399), expiresAt: at(3601) });
    expect(applied([day])[0]?.status).toBe("pass");
    const later = (seconds: number) =>
      applied([day], [held], { snapshot: { takenAt: at(seconds) } })[0]?.status;
    expect([later(3600), later(3601), later(3602)]).toEqual(["pass", "hold", "hold"]);
  });

  test("nobody may override where the channel names nobody", () => {
    const open = aChannel({ access: "access.yaml" });
    const verdicts = applied([overrideBy()], [held], { channel: open });
    expect(verdicts[0]?.status).toBe("hold");
    expect(ownLine(verdicts)?.reason).toContain("who may: nobody (key channel.permissions.override)");
  });

  test.each(neverOverridden)("of %s, by nobody", (gate) => {
    const broken: Verdict = { gate, status: "fail", reason: "broken" };
    const verdicts = applied([overrideBy({ gate })], [broken]);
    expect(verdicts[0]).toEqual(broken);
    expect(ownLine(verdicts)?.reason).toContain("this gate cannot be overridden");
  });

  test.each([
    ["another version", { version: "1.0.9" }],
    ["another channel", { channel: "stable" }],
  ])("those of %s, kept from earlier, are passed over in silence", (_, more) => {
    const verdicts = applied([overrideBy(more)]);
    expect(verdicts[0]).toEqual(held);
    expect(ownLine(verdicts)).toEqual({ gate: "override", status: "skipped", reason: "no override is in" });
  });

  test("a file that cannot be believed", () => {
    const governance = governed({
      rejected: [{ file: "approvals/x", problem: "it is no JSON Web Signature" }],
    });
    expect(ownLine(applied([], [held], { snapshot: { governance } }))).toMatchObject({
      status: "skipped",
      reason: "not counted: approvals/x (it is no JSON Web Signature)",
    });
  });

  test.each([
    [{ status: "not-configured" }, "key channel.access"],
    [{ status: "unavailable", problem: "EACCES" }, "EACCES"],
  ] as [GovernanceSource, string][])("any, where the folder is %j", (governance, told) => {
    const verdicts = applied([], [held], { snapshot: { governance } });
    expect(verdicts[0]).toEqual(held);
    expect(ownLine(verdicts)).toMatchObject({ status: "skipped", reason: expect.stringContaining(told) });
  });
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
