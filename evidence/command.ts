import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { isUsage } from "../config/load/arguments";
import { UserError } from "../config/load/problems";
import { catalogueNames, isCatalogueName } from "../config/schemas/evidence";
import type { EvidenceStep } from "../policies/gates/required-evidence";
import { table } from "../rollout/table";
import { catalogue } from "./catalogue";
import { type CheckReport, checkEvidence, type KindState } from "./check";
import report from "./schemas/report.json";
import { signReport } from "./sign-report";

interface CheckOptions {
  channel: string;
  version?: string;
  baseline?: string;
  policy?: string;
  stage: EvidenceStep;
  json?: boolean;
}

/** Where the command works, and what it writes to. */
export interface Surroundings {
  projectDir: string;
  now: Date;
  write(text: string): void;
  complain(text: string): void;
}

/** @returns the exit code: 0 all that is needed is in, 1 something is missing or bad, 2 it could not be asked */
export async function runEvidence(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { write, complain, ...context } = surroundings;
  let code = 0;
  const program = new Command("npm run evidence --")
    .description("What must be in before a release goes on, and what is.")
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: complain });
  program
    .command("check")
    .description("show the state of every kind of evidence, as the gate would judge it")
    .option("--channel <stack>", "channel that the version is to enter", "canary")
    .option("--version <version>", "the release (default: what the channel asks for)")
    .option("--baseline <version>", "the release that is live there (default: as for a first release)")
    .option("--stage <step>", "step that is to be entered: start, a weight, or finalize", step, "finalize")
    .option("--policy <file>", "policy (default: the channel's, else evidence.yaml)")
    .option("--json", "print it as JSON")
    .action(async ({ stage, json, ...options }: CheckOptions) => {
      const report = await checkEvidence({ ...options, ...context, step: stage });
      write(json ? `${JSON.stringify(report, null, 2)}\n` : describeCheck(report));
      code = report.complete ? 0 : 1;
    });
  program
    .command("sign <report>")
    .description("sign a report, into a file beside it (<report>.jws)")
    .requiredOption(
      "--key-file <file>",
      "ed25519 private key in PEM; its owner is looked up in the access file",
    )
    .option("--channel <stack>", "channel whose access file says who is who", "canary")
    .action(async (report: string, { keyFile, channel }: { keyFile: string; channel: string }) => {
      write(await signReport({ projectDir: context.projectDir, channel, report, keyFile }));
    });
  program
    .command("schemas")
    .description("list the catalogue of ready schemas")
    .action(() => write(describeCatalogue()));
  program
    .command("schema <name>")
    .description("print one of them")
    .action((name: string) => write(`${JSON.stringify(schemaCalled(name), null, 2)}\n`));
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof UserError) complain(`${error.message}\n`);
    else if (!isUsage(error)) throw error;
    return isUsage(error) && error.exitCode === 0 ? 0 : 2;
  }
}

function step(text: string): EvidenceStep {
  if (text === "start" || text === "finalize") return text;
  const weight = Number(text);
  if (Number.isInteger(weight) && weight >= 1 && weight <= 100) return weight;
  throw new InvalidArgumentError("Expected start, finalize or a weight such as 30.");
}

/** Whole: with what it includes, so that it can be used anywhere. */
function schemaCalled(name: string) {
  if (isCatalogueName(name))
    return "allOf" in catalogue[name] ? { ...catalogue[name], $defs: { report } } : catalogue[name];
  throw new UserError(`There is no schema ${name}; there are ${catalogueNames.join(", ")}.`);
}

/** Only on a terminal: the library takes CI for one. */
const colors = pc.createColors(process.stdout.isTTY === true && process.env.NO_COLOR === undefined);

const stateColors: Record<KindState, (text: string) => string> = {
  in: colors.green,
  missing: colors.yellow,
  bad: colors.red,
  later: colors.dim,
  "not asked": colors.dim,
};

const checkWidths = [21, 9, 10, 57];

function describeCheck({ channel, version, policy, step: entered, complete, kinds }: CheckReport): string {
  const rows = kinds.map(({ kind, neededAt, state, reason }) => [
    kind,
    shown(neededAt),
    stateColors[state](state),
    reason,
  ]);
  const wanting = kinds.filter(({ state }) => state === "missing" || state === "bad").length;
  return [
    `${version} in ${channel}, by ${policy}, up to ${shown(entered)}`,
    "",
    ...table(checkWidths, [["kind", "needed", "state", ""], ...rows]),
    "",
    complete ? "All that is needed is in." : `${wanting} of ${kinds.length} kinds are missing or bad.`,
    ...(complete ? [] : ["What a report has to look like: npm run evidence -- schema <name>"]),
    "",
  ].join("\n");
}

function shown(neededAt: EvidenceStep): string {
  return typeof neededAt === "number" ? `${neededAt} %` : neededAt;
}

function describeCatalogue(): string {
  const rows = catalogueNames.map((name) => [name, String(catalogue[name].description)]);
  return `${table([21, 76], rows).join("\n")}\n`;
}
