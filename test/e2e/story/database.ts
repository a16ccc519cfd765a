import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { network, ports } from "../../../local/settings";

/** A database of its own with the role that owns it; returns the URL by which pods reach it. */
export async function createDatabase(name: string): Promise<string> {
  const password = randomBytes(16).toString("hex");
  await administrate(async (client) => {
    const identifier = escapeIdentifier(name);
    await client.query(`CREATE ROLE ${identifier} LOGIN PASSWORD ${escapeLiteral(password)}`);
    await client.query(`CREATE DATABASE ${identifier} OWNER ${identifier}`);
  });
  return `postgresql://${name}:${password}@${network.hostAddress}:${ports.postgres}/${name}`;
}

export async function dropDatabase(name: string): Promise<void> {
  await administrate(async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
    await client.query(`DROP ROLE IF EXISTS ${escapeIdentifier(name)}`);
  });
}

async function administrate(work: (client: Client) => Promise<void>): Promise<void> {
  const host = join("/run/release-channels", "postgres");
  const client = new Client({ host, port: ports.postgres, user: "postgres", database: "postgres" });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
