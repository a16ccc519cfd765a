export type VerdictStatus = "pass" | "fail" | "hold" | "skipped";

/** What a gate says of a transition. */
export interface Verdict {
  gate: string;
  status: VerdictStatus;
  /** A sentence for the person who waits. */
  reason: string;
  /** What was seen, and what the gate wants to see; with units. */
  observed?: string;
  expected?: string;
}
