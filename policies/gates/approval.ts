import { type ApprovalRule, defaultApprovalRules } from "../../config/schemas/governance";
import type { UsedApproval, Verdict } from "../../rollout/verdict";
import { changeOf, clearedAway, clearsAway, contracts, enters } from "./change";
import { isHotfix } from "./hotfix";
import { type GateInput, judged } from "./input";
import type { Approval } from "./input/governance";
import { whyNotCounted } from "./signed";

const gate = "approval";

/** Roles that have to agree, and the scope that their approvals name. */
interface Need {
  scope: string;
  roles: string[];
}

/** Everybody whose consent this step needs has given it, verifiably. */
export function approval(input: GateInput): Verdict {
  if (clearsAway(input)) return { gate, status: "skipped", reason: clearedAway };
  const needs = neededApprovals(input);
  if (needs.length === 0) {
    return { gate, status: "skipped", reason: "no rule asks anybody to agree to this step" };
  }
  const expected = needs.map(({ scope, roles }) => `${scope}: ${roles.join(", ")}`).join("; ");
  const { governance } = input.snapshot;
  if (governance.status !== "known") {
    const why =
      governance.status === "unavailable"
        ? `the approvals cannot be read: ${governance.problem}`
        : "no approval can be verified without an access file (key channel.access)";
    return { gate, status: "hold", reason: why, expected };
  }
  const answers = needs.map((need) => ({ ...need, ...given(input, need) }));
  const approvals = uniqueApprovals(answers.flatMap(({ used }) => used));
  const observed = approvals.map(({ by, scope }) => `${by} (${scope})`).join(", ") || "none";
  const missing = answers.filter((answer) => answer.missing.length > 0);
  if (missing.length > 0) {
    const asked = missing.map(
      ({ scope, missing: roles }) => `${roles.join(", ")}: ${signCommand(input, scope)}`,
    );
    const reason = [`approval is missing of ${asked.join("; of ")}`, ...notCounted(input, missing)].join(
      ". ",
    );
    return { gate, status: "hold", reason, observed, expected };
  }
  const by = [...new Set(approvals.map((one) => one.by))].join(", ");
  return { gate, status: "pass", reason: `approved by ${by}`, observed, expected, approvals };
}

/**
 * An approval in force of exactly this release, channel and scope, by somebody who may take such a decision: one of
 * the roles that may promote, or any role where the channel names none. For what no rule assigns to roles, as
 * `low-traffic`.
 */
export function approvedFor(input: GateInput, scope: string): UsedApproval | null {
  const mayPromote = input.channel.permissions.promote;
  const found = inForce(input, scope).find(({ roles }) =>
    mayPromote === undefined ? roles.length > 0 : roles.some((role) => mayPromote.includes(role)),
  );
  return found === undefined ? null : { by: found.by, scope };
}

/** The command by which somebody signs for a scope of this release. */
export function signCommand(input: GateInput, scope: string): string {
  return `npm run approve -- sign --channel ${input.channelName} --version ${judged(input).version} --scope ${scope}`;
}

/** Its own; without any, those that come with an access file. */
export function approvalRules({
  approvals,
  access,
}: Pick<GateInput["channel"], "approvals" | "access">): readonly ApprovalRule[] {
  return approvals.rules ?? (access === undefined ? [] : defaultApprovalRules);
}

function neededApprovals(input: GateInput): Need[] {
  const { channel, lane } = input;
  const needs = approvalRules(channel)
    .filter((rule) => isAbout(rule, input) && enters(input, rule.at))
    .map(({ at, roles }) => ({ scope: String(at), roles }));
  if (lane === "hotfix" && channel.hotfix !== undefined) {
    needs.push({ scope: "hotfix", roles: channel.hotfix.roles });
  }
  return needs;
}

/** A first release changes nothing that is live: only rules for any change are about it. */
function isAbout({ change }: ApprovalRule, input: GateInput): boolean {
  if (change === "any" || contracts(input)) return true;
  const size = input.lane === "hotfix" && isHotfix(input) ? "hotfix" : changeOf(input);
  return change === size;
}

function inForce(input: GateInput, scope: string): Approval[] {
  const { governance } = input.snapshot;
  if (governance.status !== "known") return [];
  return governance.approvals.filter((one) => one.scope === scope && whyNotCounted(input, one) === null);
}

/** Who agrees in which role, each person in one of them at most, so that as many roles as possible have agreed. */
function given(input: GateInput, { scope, roles }: Need): { used: UsedApproval[]; missing: string[] } {
  const approvals = inForce(input, scope);
  const personOf = new Map<string, string>();
  // Augmenting paths of a bipartite matching: a person who is taken moves on if another role is open to them.
  const fill = (role: string, tried: Set<string>): boolean =>
    approvals.some(({ by, roles: held }) => {
      if (!held.includes(role) || tried.has(by)) return false;
      tried.add(by);
      const taken = roles.find((other) => personOf.get(other) === by);
      if (taken !== undefined && !fill(taken, tried)) return false;
      personOf.set(role, by);
      return true;
    });
  const missing = roles.filter((role) => !fill(role, new Set()));
  return { used: [...personOf.values()].map((by) => ({ by, scope })), missing };
}

/** What was signed for this version and does not count, so that nobody wonders. */
function notCounted(input: GateInput, needs: readonly Need[]): string[] {
  const { governance } = input.snapshot;
  if (governance.status !== "known") return [];
  const { version } = judged(input);
  const scopes = needs.map(({ scope }) => scope);
  const stale = governance.approvals
    .filter((one) => one.version === version && scopes.includes(one.scope))
    .map((one) => ({ file: one.file, problem: whyNotCounted(input, one) }));
  const listed = [...stale, ...governance.rejected].flatMap(({ file, problem }) =>
    problem === null ? [] : [`${file} (${problem})`],
  );
  return listed.length === 0 ? [] : [`Not counted: ${listed.join("; ")}`];
}

function uniqueApprovals(approvals: readonly UsedApproval[]): UsedApproval[] {
  return approvals.filter(
    (one, index) => approvals.findIndex(({ by, scope }) => by === one.by && scope === one.scope) === index,
  );
}
