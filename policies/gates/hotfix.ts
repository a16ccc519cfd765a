import { gt, parse } from "semver";
import type { Verdict } from "../../rollout/verdict";
import { type GateInput, judged } from "./input";

const backToTrain = "To come in by the train: pulumi config set lane train";

/** Whether the channel takes this change directly: a patch of the line that is live, and no pre-release. */
export function isHotfix(input: Pick<GateInput, "channel" | "record" | "to">): boolean {
  return input.channel.hotfix !== undefined && isPatchOfLine(input);
}

function isPatchOfLine({ record, to }: Pick<GateInput, "record" | "to">): boolean {
  const live = parse(record?.baseline.version);
  const fix = parse(judged({ to }).version);
  if (live === null || fix === null || fix.prerelease.length > 0) return false;
  return fix.major === live.major && fix.minor === live.minor && fix.patch > live.patch && gt(fix, live);
}

/** Takes a hotfix past the channel before this one; its approval and its reason are asked by gates of their own. */
export function hotfixLane(input: GateInput): Omit<Verdict, "gate"> {
  const { record, channel, snapshot } = input;
  const { version, hash } = judged(input);
  const fail = (reason: string, observed: string, expected: string): Omit<Verdict, "gate"> => ({
    status: "fail",
    reason: `${reason}. ${backToTrain}`,
    observed,
    expected,
  });
  if (channel.hotfix === undefined) {
    return fail("this channel has no hotfix lane (key channel.hotfix)", "lane hotfix", "lane train");
  }
  if (record === null) return fail("nothing is live that could be fixed", "lane hotfix", "lane train");
  const from = record.baseline.version;
  const change = `${from} → ${version}`;
  const expected = `a later patch of ${from.split(".", 2).join(".")}`;
  if (!isPatchOfLine(input)) {
    return fail(`${version} is no later patch of ${from}, which is live`, change, expected);
  }
  const before = snapshot.promotion.status === "known" ? snapshot.promotion.record : null;
  const rejected = before?.rejected.findLast((entry) => entry.version === version && entry.hash === hash);
  if (rejected !== undefined && !before?.completed.some((entry) => entry.hash === hash)) {
    return fail(`${channel.promotion?.from} rolled ${version} back on ${rejected.at}`, change, expected);
  }
  return {
    status: "pass",
    reason: `${version} is a hotfix of ${from}, which is live`,
    observed: change,
    expected,
  };
}
