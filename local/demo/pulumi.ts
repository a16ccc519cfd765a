import { appendFileSync } from "node:fs";
import { execa } from "execa";
import { projectDir } from "../settings";
import { Condenser } from "./condense";
import type { Narrator } from "./narrator";

export interface CommandResult {
  exitCode: number;
  /** Both streams, in the order they were written. */
  output: string;
  seconds: number;
}

export interface PulumiOptions {
  environment: Record<string, string>;
  narrator: Narrator;
  interrupted: AbortSignal;
  /** File that gets the complete output of every command. */
  log: string;
}

/** Runs the Pulumi CLI in the project's folder, as a person would. */
export class Pulumi {
  readonly #environment: Record<string, string>;
  readonly #narrator: Narrator;
  readonly #interrupted: AbortSignal;
  readonly #log: string;

  constructor({ environment, narrator, interrupted, log }: PulumiOptions) {
    this.#environment = environment;
    this.#narrator = narrator;
    this.#interrupted = interrupted;
    this.#log = log;
  }

  /** Shows the command, then runs it in front of the audience. */
  async run(args: string[]): Promise<CommandResult> {
    this.#narrator.command(["pulumi", ...args].join(" "));
    const condenser = new Condenser();
    const result = await this.#run(args, (line) => {
      const shown = condenser.condense(line);
      if (shown !== null) {
        this.#narrator.output(shown.text, shown.progress);
      }
    });
    this.#interrupted.throwIfAborted();
    return result;
  }

  /** Runs a command behind the scenes. */
  quietly(args: string[], input?: string): Promise<CommandResult> {
    return this.#run(args, () => undefined, input);
  }

  async #run(args: string[], show: (line: string) => void, input?: string): Promise<CommandResult> {
    this.#interrupted.throwIfAborted();
    const begin = performance.now();
    const lines: string[] = [];
    appendFileSync(this.#log, `\n$ pulumi ${args.join(" ")}\n`);
    const command = execa("pulumi", args, {
      cwd: projectDir,
      env: this.#environment,
      all: true,
      reject: false,
      // In a process group of its own a Ctrl-C of the terminal does not reach it: the one we pass on is the only one.
      detached: true,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    const interrupt = () => command.kill("SIGINT");
    this.#interrupted.addEventListener("abort", interrupt);
    try {
      for await (const line of command.iterable({ from: "all" })) {
        lines.push(line);
        appendFileSync(this.#log, `${line}\n`);
        show(line);
      }
    } finally {
      this.#interrupted.removeEventListener("abort", interrupt);
    }
    const { exitCode, message } = await command;
    if (exitCode === undefined && !this.#interrupted.aborted) {
      throw new Error(message ?? `pulumi ${args.join(" ")} was killed`);
    }
    return {
      exitCode: exitCode ?? 1,
      output: lines.join("\n"),
      seconds: (performance.now() - begin) / 1000,
    };
  }
}
