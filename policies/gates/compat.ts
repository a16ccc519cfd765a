import type { Verdict } from "../../rollout/verdict";
import { casesFor, type ResolvedCase } from "./compat-cases";
import { declaredData } from "./declared-data";
import { bringsIn, type Finding, isSome, notBroughtIn, verdictOf } from "./findings";
import { type GateInput, judged } from "./input";
import type { CompatReport, CompatResult } from "./input/compatibility";
import { judgeRanges } from "./version-ranges";

const gate = "compat";

/**
 * Every case of the compatibility matrix was really run for exactly these releases and came out as expected, and
 * the plugins and peers of the channel are within the ranges that the release names.
 */
export function compat(input: GateInput): Verdict {
  if (!bringsIn(input)) return { gate, status: "skipped", reason: notBroughtIn };
  const findings = [...judgeMatrix(input), ...judgeRanges(input)];
  if (isSome(findings)) return verdictOf(gate, findings);
  return {
    gate,
    status: "skipped",
    reason: "no matrix is configured (key channel.compat), and the release names no plugins or peers",
  };
}

function judgeMatrix(input: GateInput): Finding[] {
  const { compat: matrix, snapshot, channel } = input;
  if (matrix === null) return [];
  const candidate = judged(input);
  const baseline = baselineOf(input);
  if (baseline?.hash === candidate.hash) {
    return [{ status: "pass", reason: `${candidate.version} again, with another configuration` }];
  }
  const { cases, problems } = casesFor(matrix, {
    candidate,
    baseline,
    dataOf: (release) => declaredData(release, channel),
  });
  if (problems.length > 0) return problems.map((reason) => ({ status: "fail", reason }));
  if (cases.length === 0)
    return [{ status: "fail", reason: "no case of the matrix applies to this release" }];
  const source = snapshot.compat;
  if (source.status !== "known") {
    const problem = source.status === "unavailable" ? source.problem : "nothing was collected";
    return [{ status: "hold", reason: `${problem}; ${runIt(input)}` }];
  }
  const { report, file, fixtures } = source;
  const stale = madeForOthers(input, report);
  if (stale !== null) return [{ status: "hold", reason: `${file} ${stale}; ${runIt(input)}` }];
  const findings: Finding[] = [];
  const outdated: string[] = [];
  for (const one of cases) {
    const result = report.results.find(({ id }) => id === one.id);
    const change = result === undefined ? "was not run" : difference(one, result, fixtures[one.fixture]);
    if (change !== null) outdated.push(`case ${one.id} ${change}`);
    else if (result !== undefined) findings.push(judgeAnswer(one, result));
  }
  if (outdated.length > 0) {
    findings.push({ status: "hold", reason: `${outdated.join(", ")}; ${runIt(input)}` });
  }
  if (findings.some(({ status }) => status !== "pass")) return findings;
  return [
    {
      status: "pass",
      reason: `all ${cases.length} cases of the matrix were run (${report.mode}, ${report.generatedAt}) and came out as expected`,
    },
  ];
}

function baselineOf({ to }: GateInput) {
  return to.candidate === null ? null : to.baseline;
}

/** Why a report says nothing about these two releases; null where it is theirs. */
function madeForOthers(input: GateInput, { candidate, baseline }: CompatReport): string | null {
  const wanted = [judged(input), baselineOf(input)];
  const sides = [candidate, baseline];
  const same = wanted.every(
    (release, index) => release?.version === sides[index]?.version && release?.hash === sides[index]?.hash,
  );
  if (same) return null;
  return `was made for ${name(candidate)} over ${name(baseline)}, wanted is ${name(wanted[0])} over ${name(wanted[1])}`;
}

function name(release: { version: string; hash: string } | null | undefined): string {
  return release ? `${release.version} (sha256 ${release.hash.slice(0, 12)}…)` : "nothing";
}

/** What has changed since a case was run; null where it is the same case on the same bytes. */
function difference(
  one: ResolvedCase,
  result: CompatResult,
  fixtureSha256: string | undefined,
): string | null {
  if (result.image !== one.image) return `was run with another image (${result.image})`;
  if (fixtureSha256 === undefined) return `reads ${one.fixture}, which cannot be read any more`;
  if (result.fixture !== one.fixture || result.fixtureSha256 !== fixtureSha256) {
    return `was run with another content of ${one.fixture}`;
  }
  const same =
    result.direction === one.direction &&
    result.service === one.service &&
    result.expectReadable === one.expectReadable &&
    sameList(result.command, one.command) &&
    sameList([...result.expectedFailedChecks].sort(), [...one.expectedFailedChecks].sort());
  return same ? null : "was run as an earlier version of the matrix says";
}

/** Whether what a reader said is what the matrix expects of it; judged anew, whatever the report says of itself. */
export function judgeAnswer(one: ResolvedCase, answer: CompatAnswer): Finding {
  const what = `case ${one.id} (${one.direction}, ${one.fixture})`;
  const fail = (reason: string): Finding => ({ status: "fail", reason: `${what} ${reason}` });
  if (answer.problem !== null) return fail(`gave no answer: ${answer.problem}`);
  if (answer.readable !== one.expectReadable) {
    const checks = answer.failedChecks.join(", ") || "none named";
    return fail(
      one.expectReadable
        ? `cannot be read; failed checks: ${checks}`
        : "is readable and was expected not to be: the reader does not notice what is wrong with it",
    );
  }
  const seen = [...new Set(answer.failedChecks)].sort();
  const expected = [...new Set(one.expectedFailedChecks)].sort();
  if (sameList(seen, expected)) return { status: "pass", reason: `${what} is as expected` };
  return fail(
    `failed the checks ${seen.join(", ") || "none"}, and expected were ${expected.join(", ") || "none"}`,
  );
}

/** What a reader said of a fixture. */
export type CompatAnswer = Pick<CompatResult, "readable" | "failedChecks" | "problem">;

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

function runIt(input: GateInput): string {
  const baseline = baselineOf(input);
  const over = baseline === null ? "" : ` --baseline ${baseline.version}`;
  return `run: npm run compat -- --channel ${input.channelName} --version ${judged(input).version}${over}`;
}
