import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { eventually } from "./eventually";

const binaries = "/usr/lib/postgresql/15/bin";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** PostgreSQL refuses to run as root: there, it runs as the user that Debian's package made for it. */
function owner(): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return process.getuid!() === 0
    ? { uid: id("-u"), gid: id("-g") }
    : { uid: process.getuid!(), gid: process.getgid!() };
}

/** A PostgreSQL server of one test file's own, on loopback. */
export class TestPostgres {
  #server: ChildProcess | undefined;
  #databases = 0;
  readonly user = owner();
  readonly dir = mkdtempSync(join(tmpdir(), "shop-postgres-"));
  port = 0;

  static async start(): Promise<TestPostgres> {
    const postgres = new TestPostgres();
    await postgres.install();
    return postgres;
  }

  /** Makes the server's data, and starts it. */
  async install(): Promise<void> {
    chownSync(this.dir, this.user.uid, this.user.gid);
    const options = [
      "-D",
      join(this.dir, "data"),
      "-U",
      "postgres",
      "--auth=trust",
      "--no-sync",
      "--encoding=UTF8",
      "--locale=C",
    ];
    execFileSync(join(binaries, "initdb"), options, { ...this.user, cwd: this.dir, stdio: "ignore" });
    this.port = await freePort();
    await this.up();
  }

  url(database: string): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Creates an empty database and returns its URL. */
  async database(): Promise<string> {
    const name = `shop_${++this.#databases}`;
    await this.query(this.url("postgres"), `create database ${name}`);
    return this.url(name);
  }

  async query(url: string, sql: string): Promise<pg.QueryResultRow[]> {
    return this.session(url, async (client) => (await client.query(sql)).rows);
  }

  /** Does something in a session of its own, as administrator. */
  async session<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async up(): Promise<void> {
    const settings = [
      `port=${this.port}`,
      "listen_addresses=127.0.0.1",
      `unix_socket_directories=${this.dir}`,
      "fsync=off",
    ];
    const options = ["-D", join(this.dir, "data"), ...settings.flatMap((setting) => ["-c", setting])];
    this.#server = spawn(join(binaries, "postgres"), options, {
      ...this.user,
      cwd: this.dir,
      stdio: "ignore",
    });
    await eventually(() => this.query(this.url("postgres"), "select 1"));
  }

  /** Stops the server as a restart does: clients are cut off. */
  async down(): Promise<void> {
    const server = this.#server!;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGINT");
    await ended;
  }

  async remove(): Promise<void> {
    await this.down();
    rmSync(this.dir, { recursive: true });
  }
}
