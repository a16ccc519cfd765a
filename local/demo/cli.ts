/** Plays the main job on the embedded cluster: `node run.cjs local/demo/cli.ts`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { clusterEnvironment } from "../cluster/environment";
import { clusterUp } from "../cluster/up";
import { withLock } from "../lock";
import { logDir, resultDir } from "../settings";
import { UserError } from "../user-error";
import { play } from "./acts";
import { DemoChannel } from "./channel";
import { Unexpected } from "./expectation";
import { Narrator } from "./narrator";
import { Pulumi } from "./pulumi";
import { resetChannel } from "./reset";
import { restoreAtExit } from "./stack-files";
import { type DemoSummary, summarize } from "./summary";

const outputDir = join(resultDir, "demo");
const summaryPath = join(outputDir, "summary.json");
const logPath = join(outputDir, "pulumi.log");
const stacks = ["canary", "stable"];

async function demo(rate: number, narrator: Narrator, interrupted: AbortSignal): Promise<void> {
  const begin = Date.now();
  restoreAtExit(stacks);
  mkdirSync(outputDir, { recursive: true });
  rmSync(logPath, { force: true });
  const pulumi = new Pulumi({ environment: clusterEnvironment(), narrator, interrupted, log: logPath });
  narrator.say("\nPutting both channels back to where nothing is installed …");
  await Promise.all(stacks.map((stack) => resetChannel(stack, pulumi)));

  const stage = { pulumi, narrator, interrupted, rate };
  const [canary, stable] = [new DemoChannel("canary", stage), new DemoChannel("stable", stage)];
  try {
    await play(canary, stable, narrator);
    const books = [await canary.ledger.close(), await stable.ledger.close()];
    const summary = summarize(
      books.flatMap(({ transitions }) => transitions),
      (Date.now() - begin) / 1000,
    );
    publish(summary, narrator);
    if (summary.failed > 0) {
      const failures = books.flatMap(({ failures }) => failures);
      narrator.say(failures.map((failure) => `  ${JSON.stringify(failure)}`).join("\n"));
      throw new Unexpected(`expected no failed request, but ${summary.failed} failed`);
    }
  } finally {
    await Promise.allSettled([canary.ledger.stopLoad(), stable.ledger.stopLoad()]);
  }
}

function publish(summary: DemoSummary, narrator: Narrator): void {
  writeFileSync(summaryPath, `${JSON.stringify(summary, null, 2)}\n`);
  narrator.title("What happened");
  narrator.say("1.1.0 reached 100 % of both channels, 1.2.0 was stopped at 10 % and taken back.");
  narrator.table(summary);
  narrator.say(`The same as JSON: ${summaryPath}`);
}

function requestsPerSecond(text: string): number {
  const rate = Number(text);
  if (!Number.isFinite(rate) || rate < 10 || rate > 1000) {
    throw new InvalidArgumentError("expected 10 to 1000 requests per second");
  }
  return rate;
}

async function main(): Promise<void> {
  const options = new Command("demo")
    .description("Takes releases of the sample product through both channels, under load")
    .option("--rate <requests>", "requests per second on each channel", requestsPerSecond, 150)
    .parse()
    .opts<{ rate: number }>();
  const narrator = new Narrator();
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) {
        process.exit(130);
      }
      narrator.error("Interrupted: waiting for the command under way to end; once more ends at once.");
      interruption.abort();
    });
  }
  try {
    await clusterUp();
    const lock = join(outputDir, "lock");
    await withLock(lock, "the demo", 5, () => demo(options.rate, narrator, interruption.signal));
  } catch (error) {
    if (interruption.signal.aborted) {
      process.exitCode = 130;
      return;
    }
    narrator.error(error instanceof Unexpected || error instanceof UserError ? error.message : String(error));
    if (error instanceof Unexpected) {
      narrator.say(`  Complete output of all commands: ${logPath}`);
      narrator.say(`  Logs of the embedded cluster: ${logDir}`);
    }
    process.exitCode = 1;
  }
}

void main();
