import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { locate } from "../debian/requirements";
import { network, ports, stateDir } from "../settings";
import { UserError } from "../user-error";
import type { Channel } from "./channels";
import { isMounted } from "./mounts";
import { runDir } from "./node";
import { ensureProcess } from "./process";
import { waitFor } from "./wait";

const dataDir = join(stateDir, "postgres");
/** Where the server sees its folder: it doesn't run as root, and root's home is closed to others. */
const mountPoint = join(runDir, "postgres");
const data = join(mountPoint, "data");

/** PostgreSQL with one role and one database per channel, reachable from the host and from pods. */
export async function ensurePostgres(channels: Channel[]): Promise<void> {
  const bin = locate("postgres");
  const user = await serverUser();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(mountPoint, { recursive: true });
  chmodSync(runDir, 0o755);
  if (!isMounted(mountPoint)) await execa(locate("mount"), ["--bind", dataDir, mountPoint]);
  chownSync(mountPoint, user.uid, user.gid);
  const as = [
    locate("setpriv"),
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--no-new-privs",
  ] as const;

  if (!existsSync(join(data, "PG_VERSION"))) await createDataDirectory(as, bin);
  const configuration = {
    "postgresql.conf": serverSettings,
    "pg_hba.conf": clientRules(channels),
    "pg_ident.conf": identities,
  };
  for (const [name, content] of Object.entries(configuration))
    writeFileSync(join(data, name), content, { mode: 0o644 });
  await ensureProcess({
    name: "postgres",
    command: [...as, join(bin, "postgres"), "-D", data],
    configuration: JSON.stringify(configuration),
  });
  await waitFor({
    what: "PostgreSQL answers",
    process: "postgres",
    seconds: 60,
    check: () => administrate(async () => true),
  });
  await administrate((client) => ensureDatabases(client, channels));
}

/** The URL by which pods and the host reach a channel's database, its password included. */
export function databaseUrl({ database, password }: Channel): string {
  return urlOf(database, password, database);
}

/** The URL by which restore tests create their databases. */
export function scratchUrl({ scratch: { role, password } }: Channel): string {
  return urlOf(role, password, "postgres");
}

function urlOf(role: string, password: string, database: string): string {
  return `postgresql://${role}:${password}@${network.hostAddress}:${ports.postgres}/${database}`;
}

async function createDataDirectory(as: readonly [string, ...string[]], bin: string): Promise<void> {
  const [program, ...args] = as;
  const options = [
    "--username=postgres",
    "--auth=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--pgdata",
    data,
  ];
  const { exitCode, all } = await execa(program, [...args, join(bin, "initdb"), ...options], {
    cwd: "/",
    env: { PATH: process.env.PATH },
    extendEnv: false,
    all: true,
    reject: false,
  });
  if (exitCode !== 0)
    throw new UserError(`PostgreSQL's data directory could not be created in ${dataDir}:\n${all}`);
}

async function serverUser(): Promise<{ uid: number; gid: number }> {
  const entries = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const [, , uid, gid] =
    entries.find(([name]) => name === "postgres") ?? entries.find(([name]) => name === "nobody") ?? [];
  if (uid === undefined || gid === undefined) {
    throw new UserError(
      "PostgreSQL needs a user other than root to run as, and there is neither `postgres` nor `nobody` in /etc/passwd.",
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
}

const serverSettings = `listen_addresses = '127.0.0.1,${network.hostAddress}'
port = ${ports.postgres}
unix_socket_directories = '${mountPoint}'
max_connections = 200
password_encryption = scram-sha-256
log_line_prefix = '%m [%p] %q%u@%d '
timezone = 'UTC'
`;

/**
 * The system's root administers through the socket; each role reaches its own database only, by password. Roles for
 * restore tests reach those that let them: their own and the server's empty one.
 */
const identities = "administrator root postgres\n";
function clientRules(channels: Channel[]): string {
  const scratchRoles = channels.map(({ scratch }) => scratch.role).join(",");
  return [
    "local all postgres peer map=administrator\n",
    ...["127.0.0.1/32", network.subnet].flatMap((source) => [
      `host sameuser all ${source} scram-sha-256\n`,
      `host all ${scratchRoles} ${source} scram-sha-256\n`,
    ]),
  ].join("");
}

async function ensureDatabases(client: Client, channels: Channel[]): Promise<void> {
  for (const { database, password, scratch } of channels) {
    const name = escapeIdentifier(database);
    await ensureRole(client, database, password, "NOCREATEDB");
    await ensureRole(client, scratch.role, scratch.password, "CREATEDB");
    const databases = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
    if (databases.rowCount === 0) {
      await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
      await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    }
  }
}

async function ensureRole(client: Client, role: string, password: string, right: string): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
  const verb = rowCount === 0 ? "CREATE" : "ALTER";
  const attributes = `LOGIN ${right} PASSWORD ${escapeLiteral(password)}`;
  await client.query(`${verb} ROLE ${escapeIdentifier(role)} ${attributes}`);
}

async function administrate<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    host: mountPoint,
    port: ports.postgres,
    user: "postgres",
    database: "postgres",
    connectionTimeoutMillis: 5000,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
