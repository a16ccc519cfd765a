import type { Verdict } from "../../rollout/verdict";
import { bringsIn, type Finding, notBroughtIn, verdictOf } from "./findings";
import { type GateInput, judged } from "./input";

const gate = "artifact";

const byDigest = /@sha256:[0-9a-f]{64}$/;

/** What is rolled out is what was released: every image by digest, the release file unedited. */
export function artifact(input: GateInput): Verdict {
  if (!bringsIn(input)) return { gate, status: "skipped", reason: notBroughtIn };
  return verdictOf(gate, [judgeFile(input), ...judgeImages(input)], {
    expected: `every image by digest, and the release file with sha256 ${short(judged(input).hash)}`,
  });
}

function judgeFile(input: GateInput): Finding {
  const { version, hash } = judged(input);
  const { artifact: source } = input.snapshot;
  if (source.status !== "known") {
    const problem = source.status === "unavailable" ? source.problem : "nothing was collected";
    return {
      status: "hold",
      reason: `the release file of ${version} cannot be read: ${problem}. Restore it`,
    };
  }
  if (source.hash !== hash) {
    return {
      status: "fail",
      reason: `the release file of ${version} was edited after its rollout began (sha256 ${short(source.hash)} instead of ${short(hash)}). Restore it, or release the change as a new version`,
    };
  }
  return {
    status: "pass",
    reason: `the release file of ${version} is unedited, its images are named by digest`,
  };
}

function judgeImages(input: GateInput): Finding[] {
  const { version, services, migrations } = judged(input);
  const images = [
    ...Object.entries(services).map(([name, { image }]) => ({ of: `service ${name}`, image })),
    ...migrations.map(({ id, image }) => ({ of: `migration ${id}`, image })),
  ];
  return images
    .filter(({ image }) => !byDigest.test(image))
    .map(({ of, image }) => ({
      status: "fail",
      reason: `the ${of} of ${version} names its image by tag (${image}); a tag may move: name it by digest, in a new version`,
    }));
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
