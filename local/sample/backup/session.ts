import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { connectionOf, type Started, start } from "./programs";

/** One psql that is told statement after statement, and ends at the first one that fails. */
export class Session {
  readonly #psql: Started;
  /** Never in a dump. */
  readonly #marker = `told-${randomBytes(8).toString("hex")}`;
  #lines: string[] = [];
  #marked: (() => void) | undefined;

  constructor(url: string) {
    const { dbname, environment } = connectionOf(url);
    const options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password"];
    this.#psql = start("psql", [...options, "--set", "ON_ERROR_STOP=1", "--dbname", dbname], {
      ...environment,
      PGAPPNAME: "release-channels restore",
    });
    createInterface(this.#psql.child.stdout).on("line", (line) => {
      if (line === this.#marker) this.#marked?.();
      else this.#lines.push(line);
    });
  }

  /**
   * @returns what the server answered, line by line
   * @throws {Refused} with the server's words; then the transaction under way is rolled back
   */
  async say(sql: string): Promise<string[]> {
    this.#lines = [];
    const marked = new Promise<void>((resolve) => {
      this.#marked = resolve;
    });
    this.#psql.child.stdin.write(`${sql};\nselect '${this.#marker}';\n`);
    await Promise.race([marked, this.#endedEarly()]);
    return this.#lines;
  }

  /**
   * Hands on a script as another program writes it, and waits until it was run.
   * @param written rejects where the other program did not get to its script's end: then nothing may follow, as
   * that would be taken for rows of the table in whose middle it broke off
   */
  async feed(script: Readable, written: Promise<void>): Promise<void> {
    const handedOn = new Promise<void>((resolve, reject) => {
      script.once("end", resolve);
      script.once("error", reject);
    });
    script.pipe(this.#psql.child.stdin, { end: false });
    await Promise.race([handedOn, this.#endedEarly()]);
    await written;
    await this.say("select");
  }

  /** After this, what was not committed never was; a statement under way is cancelled. */
  async end(): Promise<void> {
    this.#psql.child.stdin.end();
    this.#psql.child.kill("SIGINT");
    await this.#psql.ended.catch(() => undefined);
  }

  async #endedEarly(): Promise<never> {
    await this.#psql.ended;
    throw new Error("psql has ended too early");
  }
}
