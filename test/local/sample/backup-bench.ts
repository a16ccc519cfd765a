import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { locate } from "../../../local/debian/requirements";
import type { TestPostgres } from "./postgres";
import type { Program, Programs, Run } from "./programs";

const image = "shop-backup:1";

/** The backup program with a volume of its own, on one database. */
export class BackupBench {
  readonly #dir = mkdtempSync(join(tmpdir(), "backup-bench-"));
  readonly volume = join(this.#dir, "volume");
  readonly flag = join(this.#dir, "flag");

  private constructor(
    readonly postgres: TestPostgres,
    readonly programs: Programs,
    readonly database: string,
  ) {
    mkdirSync(this.volume);
  }

  /** With a hundred orders, by a role that owns its database and is no superuser. */
  static async create(postgres: TestPostgres, programs: Programs): Promise<BackupBench> {
    const url = new URL(await postgres.database());
    const name = url.pathname.slice(1);
    const administrate = (sql: string) => postgres.query(postgres.url("postgres"), sql);
    await administrate(`create role owner_of_${name} login createdb`);
    await administrate(`alter database ${name} owner to owner_of_${name}`);
    url.username = `owner_of_${name}`;
    await programs.migrate("shop-migrate:1.1.0", "0002", url.href);
    const bench = new BackupBench(postgres, programs, url.href);
    await bench.query(orders(100));
    return bench;
  }

  environment(env: Record<string, string>): Record<string, string> {
    return {
      PATH: `${this.#dir}/bin:${locate("postgres")}:${process.env.PATH}`,
      DATABASE_URL: this.database,
      BACKUP_DIR: this.volume,
      RELEASE_CHANNEL: "canary",
      ...env,
    };
  }

  start(env: Record<string, string>): Promise<Program> {
    return this.programs.start(image, [], this.environment(env));
  }

  run(env: Record<string, string>): Promise<Run> {
    return this.programs.run(image, [], this.environment(env));
  }

  /** Takes a backup; what it says of it. */
  async backup(name = "canary-1", env: Record<string, string> = {}) {
    return answerOf(await this.run({ BACKUP_NAME: name, ...env }));
  }

  async compare(file: string) {
    return answerOf(await this.run({ BACKUP_TASK: "compare", BACKUP_FILE: file }));
  }

  restore(file: string, sha256: string, env: Record<string, string> = {}): Promise<Run> {
    const asked = { BACKUP_TASK: "restore", BACKUP_FILE: file, BACKUP_SHA256: sha256 };
    return this.run({ ...asked, LOCK_WITHIN_SECONDS: "20", ...env });
  }

  /** Puts a shell script in front of one of PostgreSQL's programs, which it finds as `$REAL`. */
  inFrontOf(program: string, script: string): void {
    const path = join(this.#dir, "bin", program);
    mkdirSync(join(this.#dir, "bin"), { recursive: true });
    const head = `#!/bin/sh\nREAL=${join(locate("postgres"), program)}\nFLAG=${this.flag}\n`;
    writeFileSync(path, `${head}${script}\n`);
    chmodSync(path, 0o755);
  }

  nothingInFront(): void {
    rmSync(join(this.#dir, "bin"), { recursive: true, force: true });
    rmSync(this.flag, { force: true });
  }

  files(): string[] {
    return readdirSync(this.volume).sort();
  }

  query(sql: string) {
    return this.postgres.query(this.database, sql);
  }

  async scratchDatabases(): Promise<string[]> {
    const sql = "select datname from pg_database where datname like 'restore_test_%'";
    return (await this.query(sql)).map(({ datname }) => datname as string);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

export const orders = (count: number) =>
  `insert into orders (customer, item, quantity) select 'c' || n, 'tea', 1 from generate_series(1, ${count}) as n`;

/** The JSON of its last line. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at the answer's content with their own expectations
export function answerOf({ code, output }: Run): any {
  if (code !== 0) throw new Error(`it failed: ${output}`);
  return JSON.parse(output.trim().split("\n").at(-1)!);
}
