import { assert, constantFrom, property, record, subarray } from "fast-check";
import type { Actor } from "../../policies/gates/input/governance";
import { rbac, witnessActor } from "../../policies/gates/rbac";
import { completed, next, rolledBack, rolling, steady } from "../rollout/releases";
import { approvalBy, governed } from "./governance";
import { aChannel, transition } from "./transitions";

const steps = {
  install: { kind: "install", from: null, to: steady() },
  start: { kind: "start", from: steady(), to: rolling(10) },
  advance: { kind: "advance", from: rolling(10), to: rolling(30) },
  finalize: { kind: "finalize", from: completed(), to: steady(next) },
} as const;
type Step = keyof typeof steps;

const ann: Actor = { name: "ann", verifiedBy: "token", roles: ["operations"] };
const permissions = { start: ["technology"], promote: ["operations"], rollback: ["operations"] };

const judged = (step: Step, actor: Actor, more: Parameters<typeof transition>[0] = {}) =>
  rbac(
    transition({
      ...steps[step],
      channel: aChannel({ access: "access.yaml", permissions }),
      ...more,
      snapshot: { actor, ...more.snapshot },
    }),
  );

describe("who may do what", () => {
  test.each([
    ["install", "technology"],
    ["start", "technology"],
    ["advance", "operations"],
    ["finalize", "operations"],
  ] as const)("to %s is for %s", (step, role) => {
    expect(judged(step, { ...ann, roles: [role] }).status).toBe("pass");
    const other = role === "technology" ? "operations" : "technology";
    expect(judged(step, { ...ann, roles: [other] })).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(`is for ${role}, and ann (verified by token) has ${other}`),
    });
  });

  test.each(["token", "cluster"] as const)("counts whom the %s vouches for", (verifiedBy) => {
    expect(judged("advance", { ...ann, verifiedBy })).toMatchObject({
      status: "pass",
      reason: `ann (verified by ${verifiedBy}) may promote`,
    });
  });

  test("a claimed name is nobody, whatever roles come with it, and is told how to become somebody", () => {
    const { status, reason } = judged("start", {
      name: "ann",
      verifiedBy: null,
      roles: ["technology"],
      problem: "RELEASE_OIDC_TOKEN: it has expired",
    });
    expect(status).toBe("fail");
    expect(reason).toContain(
      "ann is only a name that the environment claims (RELEASE_OIDC_TOKEN: it has expired)",
    );
    expect(reason).toContain("npm run approve -- sign --channel canary --version 1.1.0 --scope start");
  });

  test("somebody whom the access file does not know has no role", () => {
    expect(judged("advance", { ...ann, roles: [] }).reason).toContain("has no role");
  });

  test("nobody, where permissions are set and no access file says who is who", () => {
    expect(judged("advance", ann, { channel: aChannel({ permissions }) }).status).toBe("pass");
    const claimed = { ...ann, verifiedBy: null };
    expect(judged("advance", claimed, { channel: aChannel({ permissions }) })).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("without an access file (key channel.access)"),
    });
  });

  test("everybody, without an entry; it is told who", () => {
    const nobody: Actor = { name: "joe", verifiedBy: null, roles: [] };
    expect(
      judged("advance", nobody, { channel: aChannel({ permissions: { start: ["technology"] } }) }),
    ).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("joe (claimed)"),
    });
  });

  test("everybody may clear away what was rolled back", () => {
    const clearing = { kind: "finalize", from: rolledBack(), to: steady() } as const;
    expect(judged("finalize", { ...ann, roles: [] }, clearing).status).toBe("skipped");
  });
});

describe("a signature by who may, for exactly this step", () => {
  const joe: Actor = { name: "joe", verifiedBy: null, roles: [] };
  const signed = (step: Step, more: Parameters<typeof approvalBy>[0]) =>
    judged(step, joe, { snapshot: { governance: governed({ approvals: [approvalBy(more)] }) } });

  test("stands in for being there, and is named", () => {
    expect(signed("advance", { scope: "30" })).toMatchObject({
      status: "pass",
      reason: expect.stringMatching(
        /^ann, who may promote, has signed for this step; it is run by joe \(claimed\)/,
      ),
      approvals: [{ by: "ann", scope: "30" }],
    });
  });

  test.each([
    ["of another step", { scope: "100" }],
    ["of another version", { scope: "30", version: "1.0.9" }],
    ["by somebody who may not", { scope: "30", roles: ["business"] }],
    ["that has expired", { scope: "30", expiresAt: "2026-01-01T01:00:00.000Z" }],
  ])("not one %s", (_, more) => {
    expect(signed("advance", more).status).toBe("fail");
  });
});

describe("a rollback", () => {
  const witnessed = (kind: "rollback" | "correct", actor: Actor, allowed = true) =>
    witnessActor({
      kind,
      channel: aChannel(allowed ? { permissions } : {}),
      reason: null,
      snapshot: { actor },
    });

  test("records who does it", () => {
    expect(witnessed("rollback", ann)).toMatchObject({
      status: "pass",
      reason: "ann (verified by token) may roll back",
    });
    expect(witnessed("rollback", ann, false)).toMatchObject({
      status: "pass",
      reason: "it is ann (verified by token)",
    });
  });

  test.each([
    ["by somebody else", { ...ann, roles: ["business"] }],
    ["by a claimed name", { ...ann, verifiedBy: null }],
  ])("%s is noted, and goes on", (_, actor) => {
    expect(witnessed("rollback", actor)).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("is none of operations; recorded, and no obstacle"),
    });
  });

  test("a correction is anybody's", () => {
    expect(witnessed("correct", { ...ann, roles: [] }).status).toBe("pass");
  });
});

describe("for any actor", () => {
  const roles = ["business", "technology", "operations"];
  const anyActor = record({
    name: constantFrom("ann", "joe"),
    verifiedBy: constantFrom("token", "cluster", null),
    roles: subarray(roles),
  });

  test("it passes only for a verified one with the role", () => {
    assert(
      property(anyActor, constantFrom(...(Object.keys(steps) as Step[])), (actor, step) => {
        const role = step === "install" || step === "start" ? "technology" : "operations";
        const may = actor.verifiedBy !== null && actor.roles.includes(role);
        expect(judged(step, actor).status).toBe(may ? "pass" : "fail");
      }),
    );
  });
});
