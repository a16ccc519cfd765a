import type { Verdict, VerdictStatus } from "../../rollout/verdict";
import type { GateInput } from "./input";

/** One of several things that a gate has to say. */
export interface Finding {
  status: Extract<VerdictStatus, "pass" | "fail" | "hold">;
  reason: string;
}

/** The worst of all findings, with the reasons of every one that is as bad. */
export function verdictOf(
  gate: string,
  findings: readonly [Finding, ...Finding[]],
  figures: Pick<Verdict, "observed" | "expected"> = {},
): Verdict {
  const present = (["fail", "hold"] as const).find((status) =>
    findings.some((finding) => finding.status === status),
  );
  const status = present ?? "pass";
  const reasons = findings.filter((finding) => finding.status === status).map(({ reason }) => reason);
  return { gate, status, reason: [...new Set(reasons)].join("; "), ...figures };
}

export function isSome<Item>(list: readonly Item[]): list is readonly [Item, ...Item[]] {
  return list.length > 0;
}

/** Whether a transition brings a version in, or further in: what is asked of releases and not of traffic. */
export function bringsIn({ kind }: Pick<GateInput, "kind">): boolean {
  return kind === "install" || kind === "start" || kind === "advance";
}

export const notBroughtIn = "judges only what brings a version further in";
