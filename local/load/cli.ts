/**
 * The load generator as a process of its own. Started by `startLoad` it answers over IPC; by hand it prints one
 * line of JSON per second and a last one, `{"total": …}`, when its bound is reached or at SIGTERM or Ctrl-C:
 *
 *     node run.cjs local/load/cli.ts --url http://127.0.0.1:18080 --host canary.shop.localhost --rate 100
 */
import { setInterval } from "node:timers/promises";
import { Command } from "commander";
import { z } from "zod";
import { Generator } from "./generator";
import { loadOptions } from "./options";
import { commandMessage, type LoadCommand, type Reply } from "./protocol";
import type { Slice } from "./slice";

function program(): Command {
  return new Command("load")
    .description("Constant-rate HTTP load for the sample shop")
    .requiredOption("--url <url>", "base address of the gateway")
    .requiredOption("--host <hostname>", "hostname of the channel")
    .option("--rate <requests>", "requests per second", Number)
    .option("--writes <share>", "share of requests that place an order, 0–1", Number)
    .option("--read-backs <share>", "share of requests that read an order back, 0–1", Number)
    .option("--new-connections", "open a new connection for each request")
    .option("--connections <count>", "most kept-alive connections", Number)
    .option("--timeout <seconds>", "an answer that takes longer is a failure", Number)
    .option("--in-flight <count>", "most unanswered requests at a time", Number)
    .option("--seconds <seconds>", "stop after this time", Number)
    .option("--requests <count>", "stop after this many requests", Number)
    .option("--acknowledged <file>", "write every acknowledged order to this file");
}

function answerOverIpc(generator: Generator, send: (message: Reply) => void): void {
  const answers: Record<LoadCommand, () => Promise<Slice>> = {
    mark: () => generator.mark(),
    peek: async () => generator.peek(),
    total: async () => generator.total(),
    stop: () => generator.stop(),
  };
  // Nobody is left to read the counts when the parent is gone. Ctrl-C is the parent's to handle.
  process.on("disconnect", () => process.exit());
  process.on("SIGINT", () => undefined);
  process.on("message", (raw) => {
    const { id, command } = commandMessage.parse(raw);
    void answers[command]().then((slice) => send({ id, slice }));
  });
  send({ ready: true });
}

async function printLines(generator: Generator): Promise<void> {
  const ended = new AbortController();
  const end = () => ended.abort();
  process.once("SIGTERM", end).once("SIGINT", end);
  void generator.finished.then(end);
  const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
  try {
    for await (const _ of setInterval(1000, undefined, { signal: ended.signal })) {
      print(await generator.mark());
    }
  } catch (error) {
    if (!ended.signal.aborted) {
      throw error;
    }
  }
  print({ total: await generator.stop() });
}

const parsed = loadOptions.safeParse(program().parse().opts());
if (!parsed.success) {
  console.error(`load: ${z.prettifyError(parsed.error)}`);
  process.exit(2);
}
const generator = new Generator(parsed.data);
if (process.send === undefined) {
  void printLines(generator);
} else {
  answerOverIpc(generator, (message) => process.send?.(message));
}
