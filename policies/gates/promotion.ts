import type { Verdict } from "../../rollout/verdict";
import { clearsAway } from "./change";
import { judgeHealth } from "./channel-health";
import { hotfixLane, isHotfix } from "./hotfix";
import { type GateInput, judged } from "./input";
import type { PromotionSource } from "./input/promotion";
import { type Served, servedIn } from "./served";

const gate = "promotion";

type Rule = NonNullable<GateInput["channel"]["promotion"]>;
type Known = Extract<PromotionSource, { status: "known" }>;

/**
 * A version enters this channel only after the channel before it has completed it and stayed green, by its own
 * objectives and incidents, or as a hotfix.
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
  const served = servedIn(source.record, { version, hash });
  if (served === null) {
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
  return { gate, ...isGreen(input, rule, source, served), expected };
}

function isGreen(
  input: GateInput,
  { from, greenFor }: Rule,
  { health }: Known,
  { since, until }: Served,
): Omit<Verdict, "gate"> {
  const { version, services } = judged(input);
  const { takenAt } = input.snapshot;
  const greenSeconds = Math.floor((Date.parse(until ?? takenAt) - Date.parse(since)) / 1000);
  const findings = judgeHealth(health, Object.keys(services), takenAt);
  const worst =
    findings.find(({ status }) => status === "fail") ?? findings.find(({ status }) => status === "hold");
  const served = `completed ${version} on ${since}${until === null ? "" : ` and served it until ${until}`}`;
  if (worst?.status === "fail") {
    return {
      status: "fail",
      reason: `${from} ${served}, and is not green: ${worst.reason}`,
      observed: worst.observed ?? worst.reason,
    };
  }
  const observed = `completed, green for ${greenSeconds} s`;
  if (greenSeconds < greenFor) {
    const green =
      until === null ? "has been green" : "was green, until another version had all of its traffic,";
    const reason = `${version} ${green} in ${from} for ${greenSeconds} s; wanted are ${greenFor} s`;
    return { status: "hold", reason, observed };
  }
  if (worst !== undefined) {
    const reason = `${from} ${served}; whether it is green is not sure: ${worst.reason}`;
    return { status: "hold", reason, observed: worst.observed ?? "completed" };
  }
  const told = findings.map(({ reason }) => reason).join("; ");
  return { status: "pass", reason: `${from} ${served}: ${told}`, observed };
}

function completedIn(list: readonly { version: string }[]): string {
  return list.length === 0
    ? "nothing completed"
    : `completed: ${list.map(({ version }) => version).join(", ")}`;
}
