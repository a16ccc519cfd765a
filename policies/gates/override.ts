import type { Verdict } from "../../rollout/verdict";
import { type GateInput, judged } from "./input";
import type { Override } from "./input/governance";
import { whyNotCounted } from "./signed";

const gate = "override";

/** Longest time that an override is in force, from its signature on. */
export const longestOverrideSeconds = 24 * 3600;

/** Gates that nobody can override: what they refuse would break the product's data, its traffic, or the proof of both. */
export const neverOverridden: readonly string[] = [
  "data-plane",
  "data-schema",
  "migrations",
  "artifact",
  "evidence-key",
];

/** Gates that can be overridden, for a time, by somebody who answers for it. */
export const overridable: readonly string[] = [
  "semver",
  "compat",
  "promotion",
  "evidence",
  "change-window",
  "approval",
  "rbac",
  "reason",
  "capacity",
  "incident",
  "error-budget",
  "observation",
  "slo",
];

/** Opens the gates that are overridden, validly and for now; its own verdict tells which, and what is not believed. */
export function applyOverrides(input: GateInput, verdicts: readonly Verdict[]): Verdict[] {
  const { governance } = input.snapshot;
  if (governance.status !== "known") {
    const reason =
      governance.status === "unavailable"
        ? `overrides cannot be read: ${governance.problem}`
        : "no override can be verified without an access file (key channel.access)";
    return [...verdicts, { gate, status: "skipped", reason }];
  }
  const { version } = judged(input);
  const asked = governance.overrides
    .filter((one) => one.channel === input.channelName && one.version === version)
    .map((one) => ({ one, problem: whyInvalid(input, one) }));
  const valid = asked.filter(({ problem }) => problem === null).map(({ one }) => one);
  const judgedWith = verdicts.map((verdict) => {
    const opener = valid.find((one) => one.gate === verdict.gate);
    return opener !== undefined && isClosed(verdict) ? opened(verdict, opener) : verdict;
  });
  const problems = [
    ...asked.flatMap(({ one, problem }) =>
      problem === null ? [] : [`${one.file}, for ${one.gate} (${problem})`],
    ),
    ...governance.rejected.map(({ file, problem }) => `${file} (${problem})`),
  ];
  return [...judgedWith, ownVerdict(judgedWith, valid, problems)];
}

function isClosed({ status }: Verdict): boolean {
  return status === "fail" || status === "hold";
}

function opened(verdict: Verdict, { by, reason, expiresAt }: Override): Verdict {
  return {
    ...verdict,
    status: "pass",
    reason: `overridden by ${by} until ${expiresAt}: ${reason}. The gate says: ${verdict.reason}`,
    override: { by, reason, expiresAt },
  };
}

function ownVerdict(
  verdicts: readonly Verdict[],
  valid: readonly Override[],
  problems: readonly string[],
): Verdict {
  const used = verdicts.filter(({ override }) => override !== undefined).map((verdict) => verdict.gate);
  const unused = valid.map((one) => one.gate).filter((name) => !used.includes(name));
  const sentences = [
    ...(used.length === 0 ? [] : [`overridden: ${used.join(", ")}`]),
    ...(unused.length === 0 ? [] : [`not needed: ${[...new Set(unused)].join(", ")}`]),
    ...(problems.length === 0 ? [] : [`not counted: ${problems.join("; ")}`]),
  ];
  const reason = sentences.length === 0 ? "no override is in" : sentences.join(". ");
  return { gate, status: used.length === 0 ? "skipped" : "pass", reason };
}

function whyInvalid(input: GateInput, one: Override): string | null {
  if (neverOverridden.includes(one.gate)) return "this gate cannot be overridden";
  if (!overridable.includes(one.gate)) return `no such gate; there are ${overridable.join(", ")}`;
  const allowed = input.channel.permissions.override ?? [];
  if (!one.roles.some((role) => allowed.includes(role))) {
    const who = allowed.length === 0 ? "nobody (key channel.permissions.override)" : allowed.join(", ");
    return `${one.by} may not override; who may: ${who}`;
  }
  const lasts = (Date.parse(one.expiresAt) - Date.parse(one.signedAt)) / 1000;
  if (!(lasts <= longestOverrideSeconds)) {
    return `it is meant to last longer than ${longestOverrideSeconds / 3600} h`;
  }
  if (one.reason.trim() === "") return "it gives no reason";
  return whyNotCounted(input, one);
}
