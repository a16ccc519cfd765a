import type { Approval, GovernanceSource, Override } from "../../policies/gates/input/governance";
import { at, next } from "../rollout/releases";

/** Signed an hour before the tests' moment (3600 s), by ann of operations, for the start of 1.1.0 in canary. */
export const approvalBy = (more: Partial<Approval> = {}): Approval => ({
  file: `approvals/${more.by ?? "ann"}.jws`,
  by: "ann",
  roles: ["operations"],
  channel: "canary",
  version: next.version,
  hash: next.hash,
  scope: "start",
  signedAt: at(0),
  expiresAt: at(7200),
  ...more,
});

/** Signed an hour before the tests' moment, for two hours, by ann, who may override. */
export const overrideBy = (more: Partial<Override> = {}): Override => ({
  file: `approvals/override-${more.gate ?? "slo"}.jws`,
  gate: "slo",
  by: "ann",
  roles: ["operations"],
  channel: "canary",
  version: next.version,
  hash: next.hash,
  reason: "figures are of the load test",
  signedAt: at(0),
  expiresAt: at(7200),
  ...more,
});

export const governed = (
  more: Partial<Extract<GovernanceSource, { status: "known" }>> = {},
): GovernanceSource => ({ status: "known", approvals: [], overrides: [], rejected: [], ...more });
