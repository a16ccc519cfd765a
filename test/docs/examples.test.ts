import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { accessPolicy } from "../../config/schemas/access";
import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import { evidencePolicy } from "../../config/schemas/evidence";
import { incidentFile } from "../../config/schemas/incidents";
import { loadProbeReport } from "../../config/schemas/load-probe";
import { releaseFile } from "../../config/schemas/release";
import { sloPolicy } from "../../config/schemas/slo";
import { runApprove } from "../../evidence/approvals/command";
import { runEvidence } from "../../evidence/command";
import { tighteningOf } from "../../policies/pack/tightening";
import { type Example, examplesOf } from "./markdown";

const pages = [
  "README.md",
  "docs/cohorts.md",
  "docs/configuration.md",
  "docs/data.md",
  "docs/evidence.md",
  "docs/policy-pack.md",
  "docs/traffic-adapters.md",
  ...["evidence", "example", "graph", "human", "live"].map((page) => `docs/gates/${page}.md`),
];
const inAll = (language: string) => pages.flatMap((page) => examplesOf(page, language));
const called = ({ place, text }: Example) => [place, text] as const;

const stable = parse(readFileSync("Pulumi.stable.yaml", "utf8")).config["release-channels:channel"];
const section = (part: object) => channelSection.parse({ ...stable, ...part });
const wholeRelease = inAll("yaml").find(
  ({ text }) => text.includes("\nservices:") && isOf(text, /^releases\//),
);

/** A part of a file is put into a whole one. */
const readers: [RegExp, (part: object) => unknown][] = [
  [/^Pulumi\.\w+\.yaml, under release-channels:channel$/, section],
  [/^releases\/[\d.]+\.yaml$/, (part) => releaseFile.parse({ ...parse(wholeRelease?.text ?? ""), ...part })],
  [/^access\.yaml$/, (part) => accessPolicy.parse(part)],
  [/^evidence\.yaml$/, (part) => evidencePolicy.parse(part)],
  [/^incidents\.yaml\b/, (part) => incidentFile.parse(part)],
  [/^slo\.yaml$/, (part) => sloPolicy.parse(part)],
];

function isOf(text: string, file: RegExp): boolean {
  return file.test(text.split("\n")[0]?.replace(/^# /, "") ?? "");
}

describe("examples in the documents", () => {
  test("are found", () => {
    expect(inAll("yaml").length).toBeGreaterThan(10);
  });

  test.each(inAll("yaml").map(called))("%s says which file it is of, and is valid there", (_, text) => {
    const reader = readers.find(([file]) => isOf(text, file));
    expect(reader).toBeDefined();
    expect(reader?.[1](parse(text))).toBeDefined();
  });

  test("of a load-probe report can be judged", () => {
    const [report] = examplesOf("docs/gates/live.md", "json");
    expect(loadProbeReport.parse(JSON.parse(report?.text ?? "")).candidate.version).toBe("1.1.0");
  });

  test("of the pack's configuration can be read", () => {
    const [configuration] = examplesOf("docs/policy-pack.md", "json");
    const { "release-gates": tightening } = JSON.parse(configuration?.text ?? "");
    expect(tighteningOf(tightening).requiredGates).toEqual(["slo", "evidence"]);
  });
});

describe("the whole stable channel", () => {
  const [access, channel] = examplesOf("docs/gates/example.md", "yaml").map(({ text }) => parse(text));
  const { identities } = accessPolicy.parse(access);
  const { approvals, permissions, hotfix } = section(channel) as ChannelSection;

  test("gives work to nobody who is not there", () => {
    const held = identities.flatMap(({ roles }) => roles);
    const asked = [
      ...(approvals.rules ?? []).flatMap(({ roles }) => roles),
      ...Object.values(permissions).flat(),
      ...(hotfix?.roles ?? []),
    ];
    expect(asked.filter((role) => !held.includes(role))).toEqual([]);
  });

  test("has keys for everybody who has to sign", () => {
    const signing = new Set(identities.filter(({ keys }) => keys.length > 0).flatMap(({ roles }) => roles));
    const asked = [...(approvals.rules ?? []), ...(hotfix === undefined ? [] : [hotfix])];
    expect(asked.flatMap(({ roles }) => roles).filter((role) => !signing.has(role))).toEqual([]);
  });
});

/** `npm run approve -- sign …` in any page, with the comment after it left out. */
const commands = pages.flatMap((page) =>
  [...readFileSync(page, "utf8").matchAll(/npm run (approve|evidence) -- (\w+)([^`#\n]*)/g)].map(
    ([, program = "", subcommand = "", rest = ""]) => [program, subcommand, rest] as const,
  ),
);

describe("commands in the documents", () => {
  test.each(commands)("npm run %s -- %s%s", async (program, subcommand, rest) => {
    const run = { approve: runApprove, evidence: runEvidence }[program];
    let help = "";
    const surroundings = {
      projectDir: ".",
      environment: {},
      now: new Date(),
      write: (text: string) => {
        help += text;
      },
      complain: () => {},
    };
    expect(await run?.([subcommand, "--help"], surroundings)).toBe(0);
    expect(help).toContain(`-- ${subcommand}`);
    for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(help).toContain(`${option} `);
  });
});
