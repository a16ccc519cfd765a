import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundle } from "../../../local/images/application";
import { applications } from "../../../local/images/catalogue";
import { eventually } from "./eventually";

/** What a process printed and how it ended; `code` is null while it runs. */
export interface Run {
  code: number | null;
  output: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at the answer's content with their own expectations
  body: any;
}

/** The sample's programs exactly as their images contain them, run as processes of this machine. */
export class Programs {
  readonly #dir = mkdtempSync(join(tmpdir(), "shop-programs-"));
  readonly #processes: ChildProcess[] = [];
  readonly #images = new Map<string, Promise<string>>();

  /** Once each: a program is not written anew while another process reads it. */
  #unpacked(image: string): Promise<string> {
    const unpacked = this.#images.get(image) ?? this.#unpack(image);
    this.#images.set(image, unpacked);
    return unpacked;
  }

  async #unpack(image: string): Promise<string> {
    const application = applications.find(({ name, tag }) => `${name}:${tag}` === `local/${image}`)!;
    const root = join(this.#dir, image.replace(":", "-"));
    const program = join(root, application.program);
    mkdirSync(dirname(program), { recursive: true });
    writeFileSync(program, await bundle(application));
    for (const [path, source] of Object.entries(application.files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      copyFileSync(source, join(root, path));
    }
    return program;
  }

  /** Starts the program of an image like `shop-api:1.0.0`. */
  async start(image: string, args: string[], env: Record<string, string>): Promise<Program> {
    const child = spawn(process.execPath, [await this.#unpacked(image), ...args], { env });
    this.#processes.push(child);
    return new Program(child);
  }

  async run(image: string, args: string[], env: Record<string, string>): Promise<Run> {
    return (await this.start(image, args, env)).ended();
  }

  /** Runs the migrations of an image up to a target; the database is given by its URL. */
  migrate(image: string, to: string, databaseUrl: string): Promise<Run> {
    return this.run(image, ["up", "--to", to], { DATABASE_URL: databaseUrl });
  }

  /** Starts an API or worker and waits until it listens. */
  async serve(image: string, databaseUrl: string): Promise<Program> {
    const version = image.split(":")[1]!;
    const program = await this.start(image, [], {
      DATABASE_URL: databaseUrl,
      PORT: "0",
      RELEASE_VERSION: version,
      RELEASE_ID: `${version.replaceAll(".", "-")}-0123abcd`,
    });
    await eventually(() => program.port);
    return program;
  }

  remove(): void {
    for (const child of this.#processes) {
      child.kill("SIGKILL");
    }
    rmSync(this.#dir, { recursive: true });
  }
}

export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("close", resolve));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  /** The port it listens on; throws while it does not. */
  get port(): number {
    const found = /"event":"listening","port":(\d+)/.exec(this.output);
    if (found === null) {
      throw new Error(`not listening yet: ${this.output}`);
    }
    return Number(found[1]);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  /** Ends it at once, wherever it is. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async ended(): Promise<Run> {
    return { code: await this.#ended, output: this.output };
  }

  async get(path: string): Promise<Answer> {
    return this.#answer(await fetch(`http://127.0.0.1:${this.port}${path}`));
  }

  async post(path: string, body: unknown): Promise<Answer> {
    const init = { method: "POST", body: JSON.stringify(body) };
    return this.#answer(await fetch(`http://127.0.0.1:${this.port}${path}`, init));
  }

  async #answer(response: Response): Promise<Answer> {
    const text = await response.text();
    const json = text.startsWith("{");
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  }
}
