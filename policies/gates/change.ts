import { diff } from "semver";
import { type GateInput, judged } from "./input";

export type ChangeSize = "major" | "minor" | "patch";

type Transition = Pick<GateInput, "kind" | "to" | "record">;

/** How far two versions are apart; a final release after its pre-release is as large as what it completes. */
export function changeSize(from: string, to: string): ChangeSize {
  switch (diff(from, to)) {
    case "major":
    case "premajor":
      return "major";
    case "minor":
    case "preminor":
      return "minor";
    default:
      return "patch";
  }
}

/** What a release changes for those who use the channel; null where there is nothing it could change yet. */
export function changeOf(transition: Transition): ChangeSize | null {
  const { record } = transition;
  return record === null ? null : changeSize(record.baseline.version, judged(transition).version);
}

/** Whether a release that was rolled back is only cleared away: nobody decides anything by it. */
export function clearsAway({ kind, record }: Pick<GateInput, "kind" | "record">): boolean {
  return kind === "finalize" && record?.state !== "completed" && record?.state !== "steady";
}

/** Whether what older releases needed is taken away from the data, after the last of them is gone. */
export function contracts({ kind, record }: Pick<GateInput, "kind" | "record">): boolean {
  return kind === "finalize" && record?.state === "steady";
}

export const clearedAway = "only clears away what was rolled back";

/** What an approval of this transition names: `start`, each weight from the recorded one on, `finalize`, or `contract`. */
export function enters(transition: Transition, step: "start" | "finalize" | "contract" | number): boolean {
  const { kind, to, record } = transition;
  if (contracts(transition)) return step === "contract";
  if (kind === "finalize") return step === "finalize" && !clearsAway(transition);
  const begins = kind === "install" || kind === "start";
  if (step === "start") return begins;
  if (step === "finalize" || step === "contract" || !(begins || kind === "advance")) return false;
  const before = begins ? 0 : (record?.weight ?? 0);
  const after = kind === "install" ? 100 : to.weight;
  return before < step && step <= after;
}

/** The scope by which a person names this transition, for an approval of it alone. */
export function scopeOf({ kind, to, record }: Transition): string {
  if (kind === "install" || kind === "start") return "start";
  if (kind === "finalize") return record?.state === "steady" ? "contract" : "finalize";
  return String(to.weight);
}
