import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureLedger } from "../../../local/tools/install";
import { eventually } from "../sample/eventually";
import { TestPostgres } from "../sample/postgres";

export interface Live {
  version: string;
  release: string;
  writes: number | null;
  reads: number[];
  migrations: string[];
}

export interface Migration {
  id: string;
  checksum: string;
  phase: string;
  direction: string;
  version: string;
}

export interface Request {
  product: string;
  channel: string;
  transition: string;
  attempt: number;
  live: Live[];
  migration: Migration | null;
  lockWithinSeconds: number;
}

/** A live release that writes schema 1 and reads 1 and 2, unless it says otherwise. */
export function live(version: string, other: Partial<Live> = {}): Live {
  const release = `${version.replace(/[^0-9a-z]/g, "-")}-0123abcd`;
  return { version, release, writes: 1, reads: [1, 2], migrations: ["0001-orders"], ...other };
}

/** Canary 1.1.0 expands by 0002-note beside its baseline 1.0.0, unless it says otherwise. */
export function request({
  migration,
  ...other
}: Partial<Omit<Request, "migration">> & { migration?: Partial<Migration> | null } = {}): Request {
  const note = { id: "0002-note", checksum: "c1", phase: "expand", direction: "up", version: "1.1.0" };
  return {
    product: "shop",
    channel: "canary",
    transition: "start-1.1.0",
    attempt: 1,
    live: [
      live("1.0.0"),
      live("1.1.0", { writes: 2, reads: [1, 2], migrations: ["0001-orders", "0002-note"] }),
    ],
    migration: migration === null ? null : { ...note, ...migration },
    lockWithinSeconds: 20,
    ...other,
  };
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What `ledger status` prints. */
export interface Status {
  lock: string | null;
  migrations: (Omit<Migration, "direction"> & {
    state: string;
    channel: string;
    attempt: number;
    startedAt: string;
    finishedAt: string | null;
    done: number | null;
    total: number | null;
  })[];
  live: (Live & { product: string; channel: string })[];
  runs: {
    migration: string;
    direction: string;
    channel: string;
    host: string;
    finishedAt: string | null;
    exitCode: number | null;
  }[];
}

interface Options {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Another program that starts the ledger. */
  through?: string[];
}

/** The ledger's program as it is built, and a PostgreSQL server of the test file's own. */
export class Ledger {
  readonly #processes: ChildProcess[] = [];

  private constructor(
    readonly dir: string,
    readonly program: string,
    readonly postgres: TestPostgres,
  ) {}

  static async start(): Promise<Ledger> {
    const built = await ensureLedger(() => undefined);
    const postgres = await TestPostgres.start();
    const dir = mkdtempSync(join(tmpdir(), "ledger-"));
    const program = join(dir, "ledger");
    copyFileSync(built, program);
    return new Ledger(dir, program, postgres);
  }

  /** Starts the program with these arguments and no other environment than PATH and what is given. */
  spawn(args: string[], { env, through = [], ...user }: Options): Running {
    const [file = this.program, ...rest] = [...through, this.program, ...args];
    const child = spawn(file, rest, { env: { PATH: process.env.PATH, ...env }, ...user });
    this.#processes.push(child);
    return new Running(child);
  }

  /** Starts `ledger run` with a command of the shell. */
  begin(url: string, asked: Request, script: string, options: Options = {}): Running {
    return this.spawn(["run", "--", "sh", "-c", script], {
      ...options,
      env: { LEDGER_URL: url, LEDGER_REQUEST: JSON.stringify(asked), ...options.env },
    });
  }

  run(url: string, asked: Request, script = "true"): Promise<Ended> {
    return this.begin(url, asked, script).ended;
  }

  record(url: string, asked: Partial<Request>): Promise<Ended> {
    const env = { LEDGER_URL: url, LEDGER_REQUEST: JSON.stringify(request({ migration: null, ...asked })) };
    return this.spawn(["record"], { env }).ended;
  }

  async status(url: string): Promise<Status> {
    const { code, stdout, stderr } = await this.spawn(["status"], { env: { LEDGER_URL: url } }).ended;
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Status;
  }

  /** State of the one migration that the ledger has. */
  async state(url: string): Promise<string | undefined> {
    const { migrations } = await this.status(url);
    return migrations[0]?.state;
  }

  /** `channel version` of all that is live. */
  async live(url: string): Promise<string[]> {
    return (await this.status(url)).live.map(({ channel, version }) => `${channel} ${version}`);
  }

  async remove(): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await this.postgres.remove();
    rmSync(this.dir, { recursive: true });
  }
}

/** A run of the program that may not have ended yet. */
export class Running {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  constructor(readonly child: ChildProcess) {
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      this.stdout += chunk;
    });
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr += chunk;
    });
    this.ended = new Promise((resolve) =>
      child.once("close", (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  /** Waits until the command or the ledger has printed this. */
  async said(text: string): Promise<void> {
    await eventually(() => {
      if (!`${this.stdout}${this.stderr}`.includes(text)) {
        throw new Error(`did not say ${JSON.stringify(text)}: ${this.stdout}${this.stderr}`);
      }
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
