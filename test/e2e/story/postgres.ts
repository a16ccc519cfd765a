import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { locate } from "../../../local/debian/requirements";
import { network } from "../../../local/settings";
import { administrate, type DatabaseServer } from "./database";
import { eventually } from "./eventually";

const identities = "administrator root postgres\n";
const clientRules = `local all postgres peer map=administrator\nhost sameuser all ${network.subnet} scram-sha-256\n`;

/** A PostgreSQL of one test, so that killing it hurts nobody else. */
export class OwnPostgres {
  private constructor(
    readonly server: DatabaseServer,
    private readonly data: string,
    private readonly as: readonly [string, ...string[]],
    private process: ChildProcess | undefined,
  ) {}

  static async create(): Promise<OwnPostgres> {
    const host = mkdtempSync(join(tmpdir(), "story-postgres-"));
    const { uid, gid } = await postgresUser();
    chownSync(host, uid, gid);
    chmodSync(host, 0o755);
    const data = join(host, "data");
    const as = [locate("setpriv"), `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"] as const;
    const [program, ...args] = as;
    const initdb = [join(locate("postgres"), "initdb"), "--username=postgres", "--auth=reject"];
    await execa(program, [...args, ...initdb, "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", data], {
      cwd: "/",
    });
    const port = await freePort();
    const settings = `listen_addresses = '${network.hostAddress}'\nport = ${port}\nunix_socket_directories = '${host}'\nmax_connections = 100\npassword_encryption = scram-sha-256\n`;
    const files = { "postgresql.conf": settings, "pg_hba.conf": clientRules, "pg_ident.conf": identities };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(data, name), content);
    const postgres = new OwnPostgres({ host, port }, data, as, undefined);
    await postgres.start();
    return postgres;
  }

  async start(): Promise<void> {
    const [program, ...args] = this.as;
    this.process = spawn(program, [...args, join(locate("postgres"), "postgres"), "-D", this.data], {
      cwd: "/",
      stdio: "ignore",
    });
    await eventually(
      () => administrate(async () => true, "postgres", this.server).catch((error: unknown) => String(error)),
      (answer) => answer === true,
      (answer) => `PostgreSQL to answer; it said ${answer}`,
    );
  }

  /** Without any chance to tidy up; the processes of its sessions end when they notice. */
  async kill(): Promise<void> {
    if (this.process === undefined) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.server.host, { recursive: true, force: true });
  }
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = statSync(join("/run/release-channels", "postgres", "data"));
  return { uid, gid };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, network.hostAddress);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
