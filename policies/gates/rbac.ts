import type { Verdict } from "../../rollout/verdict";
import { signCommand } from "./approval";
import { clearedAway, clearsAway, scopeOf } from "./change";
import type { GateInput } from "./input";
import type { Actor } from "./input/governance";
import { whyNotCounted } from "./signed";
import type { LoweringInput, WitnessVerdict } from "./witness";

const gate = "rbac";

/** Who runs this update may do what it does, or somebody who may has signed for exactly this step. */
export function rbac(input: GateInput): Verdict {
  if (clearsAway(input)) return { gate, status: "skipped", reason: clearedAway };
  const { kind, channel } = input;
  const { actor } = input.snapshot;
  const permission = kind === "install" || kind === "start" ? "start" : "promote";
  const allowed = channel.permissions[permission];
  if (allowed === undefined) {
    const reason = `everybody may ${permission} here (key channel.permissions.${permission}); it is ${told(actor)}`;
    return { gate, status: "skipped", reason };
  }
  const figures = { observed: told(actor), expected: `${permission} is for ${allowed.join(", ")}` };
  if (actor.verifiedBy !== null && holds(actor.roles, allowed)) {
    return { gate, status: "pass", reason: `${told(actor)} may ${permission}`, ...figures };
  }
  const signature = signatureOf(input, allowed);
  if (signature !== null) {
    const reason = `${signature}, who may ${permission}, has signed for this step; it is run by ${told(actor)}`;
    const approvals = [{ by: signature, scope: scopeOf(input) }];
    return { gate, status: "pass", reason, ...figures, approvals };
  }
  return { gate, status: "fail", reason: whyNot(input, permission, allowed), ...figures };
}

/** Of a rollback, it is recorded who does it, and whether they are of those who should; it goes on either way. */
export function witnessActor({ kind, channel, snapshot }: LoweringInput): WitnessVerdict {
  const { actor } = snapshot;
  const allowed = channel.permissions.rollback;
  if (kind !== "rollback" || allowed === undefined) {
    return { gate, status: "pass", reason: `it is ${told(actor)}` };
  }
  const expected = `rollback is for ${allowed.join(", ")}`;
  return actor.verifiedBy !== null && holds(actor.roles, allowed)
    ? { gate, status: "pass", reason: `${told(actor)} may roll back`, expected }
    : {
        gate,
        status: "skipped",
        reason: `${told(actor)} is none of ${allowed.join(", ")}; recorded, and no obstacle`,
        expected,
      };
}

function holds(roles: readonly string[], allowed: readonly string[]): boolean {
  return roles.some((role) => allowed.includes(role));
}

function signatureOf(input: GateInput, allowed: readonly string[]): string | null {
  const { governance } = input.snapshot;
  if (governance.status !== "known") return null;
  const scope = scopeOf(input);
  const found = governance.approvals.find(
    (one) => one.scope === scope && holds(one.roles, allowed) && whyNotCounted(input, one) === null,
  );
  return found?.by ?? null;
}

function whyNot(input: GateInput, permission: string, allowed: readonly string[]): string {
  const { actor } = input.snapshot;
  const roles = allowed.join(", ");
  if (input.channel.access === undefined) {
    return `to ${permission} is for ${roles}, and without an access file (key channel.access) nobody has a role`;
  }
  if (actor.verifiedBy !== null) {
    const held = actor.roles.length === 0 ? "no role" : actor.roles.join(", ");
    return `to ${permission} is for ${roles}, and ${told(actor)} has ${held}`;
  }
  const problem = actor.problem === undefined ? "" : ` (${actor.problem})`;
  return `to ${permission} is for ${roles}, and ${actor.name} is only a name that the environment claims${problem}. Run it as a user the access file knows, with a CI token (RELEASE_OIDC_TOKEN), or have it signed: ${signCommand(input, scopeOf(input))}`;
}

/** `ann (verified by token)` */
function told({ name, verifiedBy }: Actor): string {
  return `${name} (${verifiedBy === null ? "claimed" : `verified by ${verifiedBy}`})`;
}
