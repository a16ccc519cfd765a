import { gt } from "semver";
import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "semver";

/** A rollout goes forward: to a newer version, or to the same one with another configuration. */
export function semver({ kind, to, record }: GateInput): Verdict {
  if (kind !== "start" || record === null || to.candidate === null) {
    return { gate, status: "skipped", reason: "judges only the start of a rollout" };
  }
  const from = record.baseline.version;
  const target = to.candidate.version;
  const figures = { observed: `${from} → ${target}`, expected: `a version newer than ${from}` };
  if (target === from) {
    return { gate, status: "pass", reason: `${target} again, with another configuration`, ...figures };
  }
  if (!gt(target, from)) {
    const downgrade = `${target} is older than ${from}, which is live. A rollback goes to the baseline while it is kept ready; a step further back must be released as a new version`;
    return { gate, status: "fail", reason: downgrade, ...figures };
  }
  return { gate, status: "pass", reason: `${target} is newer than ${from}`, ...figures };
}
