import pc from "picocolors";
import type { Finding } from "../../policies/gates/findings";

const redrawMilliseconds = 200;
const clearLine = "\r\u001b[2K";

/** A line for each case that is done; on a terminal also how many are left, in CI nothing else. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  readonly #total: number;
  /** Only on a terminal: the library takes CI for one. */
  readonly #colors: ReturnType<typeof pc.createColors>;
  readonly #begin = Date.now();
  readonly #redraw: NodeJS.Timeout | null;
  #done = 0;

  constructor(total: number, out: NodeJS.WriteStream = process.stdout) {
    this.#total = total;
    this.#out = out;
    this.#colors = pc.createColors(out.isTTY === true && process.env.NO_COLOR === undefined);
    this.#redraw = out.isTTY ? setInterval(() => this.#draw(), redrawMilliseconds) : null;
  }

  say(line: string): void {
    this.#out.write(`${this.#redraw === null ? "" : clearLine}${line}\n`);
  }

  done({ status, reason }: Finding): void {
    this.#done++;
    this.say(`${status === "pass" ? this.#colors.green("✔") : this.#colors.red("✖")} ${reason}`);
  }

  end(): void {
    if (this.#redraw === null) return;
    clearInterval(this.#redraw);
    this.#out.write(clearLine);
  }

  #draw(): void {
    const seconds = Math.floor((Date.now() - this.#begin) / 1000);
    this.#out.write(
      `${clearLine}${this.#colors.yellow("…")} ${this.#done} of ${this.#total} cases, ${seconds} s`,
    );
  }
}
