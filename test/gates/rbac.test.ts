import { assert, constantFrom, property, record, subarray } from "fast-check";
import type { Actor } from "../../policies/gates/input/governance";
import { rbac, witnessActor } from "../../policies/gates/rbac";
import { completed, next, rolling, steady } from "../rollout/releases";
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

const channel = aChannel({ access: "access.yaml", permissions });
const judged = (step: Step, actor: Actor) =>
  rbac(transition({ ...steps[step], channel, snapshot: { actor } }));

test("who only corrects or rolls back is recorded, and asked for nothing more", () => {
  const claimed = { ...ann, verifiedBy: null };
  for (const kind of ["rollback", "correct"] as const) {
    const input = { kind, channel, reason: null, snapshot: { actor: claimed } };
    expect(["pass", "skipped"]).toContain(witnessActor(input).status);
  }
});

test.each([
  ["install", "technology"],
  ["start", "technology"],
  ["advance", "operations"],
  ["finalize", "operations"],
] as const)("to %s is for %s, and for nobody else", (step, role) => {
  const judgedAs = (roles: string[]) => judged(step, { ...ann, roles }).status;
  expect(judgedAs([role])).toBe("pass");
  expect(judgedAs(["technology", "operations"].filter((other) => other !== role))).toBe("fail");
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
