import type { Verdict } from "../../rollout/verdict";
import { clearsAway } from "./change";
import { type GateInput, judged } from "./input";
import type { LoweringInput, WitnessVerdict } from "./witness";

const gate = "reason";

/** A change that is out of the ordinary says why. */
export function reason(input: GateInput): Verdict {
  const why = whyAsked(input);
  if (why === null) return { gate, status: "skipped", reason: "nothing about it is out of the ordinary" };
  const given = said(input);
  const expected = `a reason, because ${why.because}`;
  const observed = given ?? "none";
  if (given === null) {
    const hold = `${why.because}, and nothing says why: pulumi config set reason "…"`;
    return { gate, status: "hold", reason: hold, observed, expected };
  }
  if (given === why.spent) {
    const hold = `the reason "${given}" is that of the rollback; say what is different now: pulumi config set reason "…"`;
    return { gate, status: "hold", reason: hold, observed, expected };
  }
  return { gate, status: "pass", reason: `${why.because}: ${given}`, observed, expected };
}

/** Of a rollback, it is recorded whether it says why; it goes on either way. */
export function witnessReason(input: LoweringInput): WitnessVerdict {
  if (input.kind !== "rollback") {
    return { gate, status: "skipped", reason: "puts live traffic right, and needs no reason" };
  }
  const given = said(input);
  if (given === null) return { gate, status: "skipped", reason: "no reason is given; recorded as missing" };
  return { gate, status: "pass", reason: given };
}

/** @returns why a reason is asked for, and one that was used up before; null where none is asked for */
function whyAsked(input: GateInput): { because: string; spent: string | null } | null {
  const { kind, record, attempt, lane } = input;
  if (clearsAway(input)) return null;
  const { version } = judged(input);
  const rejected = record?.rejected.findLast((entry) => entry.version === version);
  const madeGood = record?.completed.some(
    (entry) => entry.version === version && rejected !== undefined && entry.at > rejected.at,
  );
  if (kind === "start" && rejected !== undefined && !madeGood) {
    return {
      because: `${version} was rolled back here and is tried again (attempt ${attempt})`,
      spent: rejected.reason?.trim() ?? null,
    };
  }
  if (kind === "advance" && record?.braked) {
    const because = `${version} was taken to ${record.weight} % by hand and goes on (attempt ${attempt})`;
    return { because, spent: null };
  }
  return lane === "hotfix" ? { because: `${version} comes in by the hotfix lane`, spent: null } : null;
}

function said({ reason }: Pick<GateInput, "reason">): string | null {
  const text = reason?.trim() ?? "";
  return text === "" ? null : text;
}
