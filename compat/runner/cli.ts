import { Command, Option } from "commander";
import { UserError } from "../../config/load/problems";
import { type RunRequest, runMatrix } from "./run";

interface Options {
  channel: string;
  version: string;
  baseline?: string;
  mode: RunRequest["mode"];
  namespace?: string;
  matrix?: string;
  out?: string;
}

/** Exit codes: 0 all as expected, 1 a case is not, 2 it could not be run, 130 interrupted. */
export async function main(args: readonly string[], projectDir = process.cwd()): Promise<number> {
  const options = new Command("npm run compat --")
    .description(
      "Runs releases' images on the fixtures of the compatibility matrix, and writes the gate's report.",
    )
    .requiredOption("--channel <stack>", "channel that the version is to enter")
    .requiredOption("--version <version>", "the candidate")
    .option("--baseline <version>", "the release that is live there; left out as for a first install")
    .addOption(
      new Option("--mode <mode>", "Jobs on the channel's cluster, or the matrix's `local` command")
        .choices(["kubernetes", "local"])
        .default("kubernetes"),
    )
    .option("--namespace <name>", "where the Jobs run (default: the channel's)")
    .option(
      "--matrix <file>",
      "another matrix than the channel's (key channel.compat, else compat/matrix.yaml)",
    )
    .option("--out <file>", "another file than the matrix says (key report)")
    .parse([...args], { from: "user" })
    .opts<Options>();
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new UserError("Interrupted; no report was written."));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  try {
    const asExpected = await runMatrix(
      { ...options, baseline: options.baseline ?? null, projectDir },
      interruption.signal,
    );
    return asExpected ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UserError) && !interruption.signal.aborted) throw error;
    process.stderr.write(`${(error as Error).message}\n`);
    return interruption.signal.aborted ? 130 : 2;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

if (process.argv[1]?.endsWith("compat/runner/cli.ts")) {
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
