import Table from "cli-table3";
import colors from "picocolors";
import type { DemoSummary } from "./summary";

const clearLine = "\r\u001b[2K";
const quietLineSeconds = 10;

/** What the audience sees: titles, commands before they run, their output behind a rule, waiting times. */
export class Narrator {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
  }

  title(text: string): void {
    this.#line(`\n${colors.bold(colors.cyan(text))}\n${colors.cyan("─".repeat(text.length))}`);
  }

  say(text: string): void {
    this.#line(text);
  }

  command(line: string): void {
    this.#line(`\n${colors.bold(`$ ${line}`)}`);
  }

  /** A line of a command's output; `progress` steps back behind what is to be read. */
  output(line: string, progress: boolean): void {
    this.#line(`${colors.dim("│")} ${progress ? colors.dim(line) : coloured(line)}`);
  }

  /** How a command ended: as the demo expected, which may well be a refusal. */
  outcome(text: string, seconds: number): void {
    this.#line(`${colors.green("✓")} ${text} ${colors.dim(`(${seconds.toFixed(1)} s)`)}`);
  }

  /** Shows the time pass until `step` answers null: one line rewritten in a terminal, a few lines in a log. */
  async wait(step: () => Promise<string | null>, pause: () => Promise<void>): Promise<void> {
    let shown = 0;
    for (let text = await step(); text !== null; text = await step()) {
      if (this.#out.isTTY) {
        this.#out.write(`${clearLine}${colors.yellow("…")} ${text}`);
      } else if (Date.now() - shown > quietLineSeconds * 1000) {
        this.#line(`… ${text}`);
        shown = Date.now();
      }
      await pause();
    }
    if (this.#out.isTTY) {
      this.#out.write(clearLine);
    }
  }

  error(text: string): void {
    this.#line(`\n${colors.red("✗")} ${text}`);
  }

  table({ transitions, requests, failed, seconds }: DemoSummary): void {
    const head = [
      "channel",
      "transition",
      "from",
      "to",
      "seconds",
      "asked",
      "observed",
      "requests",
      "failed",
    ];
    const colAligns: ("left" | "right")[] = head.map((_, index) => (index < 4 ? "left" : "right"));
    const noRules = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
    const table = new Table({ head, colAligns, chars: noRules, style: { head: [], border: [] } });
    for (const row of transitions) {
      const observed = row.weightObserved === null ? "–" : `${row.weightObserved.toFixed(1)} %`;
      table.push([
        ...[row.channel, row.kind, row.from ?? "–", row.to],
        ...[row.seconds.toFixed(1), `${row.weightAsked} %`, observed, row.requests, row.failed],
      ]);
    }
    const totals = ["all", "", "", "", seconds.toFixed(1), "", "", requests, failed];
    table.push(totals.map((total) => colors.bold(total)));
    this.#line(`\n${table.toString()}`);
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`);
  }
}

const verdictColours = { pass: colors.green, hold: colors.yellow, fail: colors.red, skipped: colors.dim };

/** Gates' verdicts in the colours of a traffic light. */
function coloured(line: string): string {
  return line.replace(
    /^(\s+[a-z-]+\s+)(pass|hold|fail|skipped)(?=\s)/,
    (_, gate: string, verdict) => gate + verdictColours[verdict as keyof typeof verdictColours](verdict),
  );
}
