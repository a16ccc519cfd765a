import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { network, ports } from "../../../local/settings";

/** A PostgreSQL that this machine's root reaches by its socket. */
export interface DatabaseServer {
  /** Folder of the socket. */
  host: string;
  port: number;
}

export const clusterServer: DatabaseServer = {
  host: join("/run/release-channels", "postgres"),
  port: ports.postgres,
};

/** A database of its own with the role that owns it; returns the URL by which pods reach it. */
export async function createDatabase(name: string, server = clusterServer): Promise<string> {
  const password = randomBytes(16).toString("hex");
  await administrate(
    async (client) => {
      const identifier = escapeIdentifier(name);
      await client.query(`CREATE ROLE ${identifier} LOGIN PASSWORD ${escapeLiteral(password)}`);
      await client.query(`CREATE DATABASE ${identifier} OWNER ${identifier}`);
    },
    "postgres",
    server,
  );
  return `postgresql://${name}:${password}@${network.hostAddress}:${server.port}/${name}`;
}

export async function dropDatabase(name: string, server = clusterServer): Promise<void> {
  await administrate(
    async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
      await client.query(`DROP ROLE IF EXISTS ${escapeIdentifier(name)}`);
    },
    "postgres",
    server,
  );
}

/**
 * Fills the database with shipped orders of before `customers`: names only, whatever the schema has by now. A million
 * takes seconds, because neither foreign keys nor triggers are asked, for which one has to be an administrator.
 */
export async function fillWithOldOrders(client: Client, count = 1_000_000): Promise<void> {
  await client.query("begin");
  await client.query("set local session_replication_role = replica");
  await client.query(
    `insert into orders (customer, item, quantity, status, shipped_at)
     select 'old-customer-' || n % 10000, (array['tea', 'coffee', 'mug'])[1 + n % 3], 1 + n % 100, 'shipped', now()
     from generate_series(1, $1::integer) as n`,
    [count],
  );
  await client.query("commit");
  await client.query("analyze orders");
}

/** Does something in a database as its server's administrator. */
export async function administrate<T>(
  work: (client: Client) => Promise<T>,
  database = "postgres",
  { host, port } = clusterServer,
): Promise<T> {
  const client = new Client({ host, port, user: "postgres", database });
  // A server that is killed says so on its connections as well.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
