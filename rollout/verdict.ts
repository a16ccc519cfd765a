export type VerdictStatus = "pass" | "fail" | "hold" | "skipped";

/** A signed approval that a gate counted. */
export interface UsedApproval {
  by: string;
  /** What was approved, as in `start`, `hotfix`, or a weight. */
  scope: string;
}

/** Who takes it on himself that a gate is passed, why, and until when (ISO 8601). */
export interface GateOverride {
  by: string;
  reason: string;
  expiresAt: string;
}

/** What a gate says of a transition. */
export interface Verdict {
  gate: string;
  status: VerdictStatus;
  /** A sentence for the person who waits. */
  reason: string;
  /** What was seen, and what the gate wants to see; with units. */
  observed?: string;
  expected?: string;
  /** The signed approvals it rests on. */
  approvals?: UsedApproval[];
  /** The signed decision that opened the gate, which had said otherwise. */
  override?: GateOverride;
}
