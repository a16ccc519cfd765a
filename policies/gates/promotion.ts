import type { Verdict } from "../../rollout/verdict";
import { clearsAway } from "./change";
import { hotfixLane, isHotfix } from "./hotfix";
import { type GateInput, judged } from "./input";

const gate = "promotion";

/**
 * A version enters this channel only after the channel before it has completed it and stayed green, or as a hotfix.
 * The lane is judged at every step, because it shortens the observation of every step.
 */
export function promotion(input: GateInput): Verdict {
  const { kind, channel, snapshot } = input;
  const rule = channel.promotion;
  if (input.lane === "hotfix" && !clearsAway(input)) return { gate, ...hotfixLane(input) };
  if (rule === undefined) return { gate, status: "skipped", reason: "this channel takes versions directly" };
  if (kind !== "install" && kind !== "start" && kind !== "advance") {
    return { gate, status: "skipped", reason: "judges only what brings a version further in" };
  }
  const { version, hash } = judged(input);
  const expected = `${version} completed in ${rule.from} and green for ${rule.greenFor} s`;
  const source = snapshot.promotion;
  if (source.status !== "known") {
    const problem = source.status === "unavailable" ? source.problem : "nothing was collected";
    return {
      gate,
      status: "hold",
      reason: `the record of ${rule.from} cannot be read: ${problem}`,
      expected,
    };
  }
  const fail = (reason: string, observed: string): Verdict => ({
    gate,
    status: "fail",
    reason,
    observed,
    expected,
  });
  if (source.record === null) {
    const reason = `${rule.from} has no record of any release (key channel.promotion.from: the name of its stack)`;
    return fail(reason, "no record");
  }
  const rejected = source.record.rejected.findLast(
    (entry) => entry.version === version && entry.hash === hash,
  );
  const completed = source.record.completed.find((entry) => entry.version === version && entry.hash === hash);
  if (completed === undefined) {
    if (rejected !== undefined) {
      return fail(
        `${rule.from} rolled ${version} back on ${rejected.at}`,
        `rolled back (attempt ${rejected.attempt})`,
      );
    }
    const other = source.record.completed.find((entry) => entry.version === version);
    const directly = isHotfix(input) ? ". As a hotfix: pulumi config set lane hotfix" : "";
    return other === undefined
      ? fail(`${rule.from} has not completed ${version}${directly}`, completedIn(source.record.completed))
      : fail(
          `${rule.from} completed another release file of ${version} than this one`,
          `sha256 ${other.hash.slice(0, 12)}… instead of ${hash.slice(0, 12)}…`,
        );
  }
  const greenSeconds = Math.floor((Date.parse(snapshot.takenAt) - Date.parse(completed.at)) / 1000);
  const observed = `completed, green for ${greenSeconds} s`;
  if (greenSeconds < rule.greenFor) {
    return {
      gate,
      status: "hold",
      reason: `${version} has been green in ${rule.from} for ${greenSeconds} s; wanted are ${rule.greenFor} s`,
      observed,
      expected,
    };
  }
  return {
    gate,
    status: "pass",
    reason: `${rule.from} completed ${version} on ${completed.at}`,
    observed,
    expected,
  };
}

function completedIn(list: readonly { version: string }[]): string {
  return list.length === 0
    ? "nothing completed"
    : `completed: ${list.map(({ version }) => version).join(", ")}`;
}
