import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { TestChannel } from "./channel";
import { administrate, fillWithOldOrders } from "./database";
import { eventually } from "./eventually";
import * as given from "./given";
import type { World } from "./world";

/** The channel's migrations run under a ledger in its database. */
export function keepsLedger(channel: TestChannel): void {
  const url = { name: "shop-database", key: "url" };
  channel.configure({ migrations: { ...channel.section.migrations, ledger: { url, lockWithin: "20s" } } });
}

/** A channel under load on 1.5.0, with so many orders of before, and a ledger from now on. */
export async function channelWithOrders(
  world: World,
  orders: number,
  { stages = [10, 30, 100], role = "canary" } = {},
): Promise<TestChannel> {
  const channel = await given.emptyChannel(world, role);
  channel.configure({ stages });
  channel.set({ version: "1.5.0" });
  await channel.succeed("up", "--yes", "--skip-preview");
  await administrate((client) => fillWithOldOrders(client, orders), channel.database);
  keepsLedger(channel);
  await channel.startLoad();
  return channel;
}

/** Changes one migration in the release file of this world. */
export function migrationIs(
  { releasesDir }: TestChannel,
  version: string,
  id: string,
  changes: Record<string, unknown>,
): void {
  const path = join(releasesDir, `${version}.yaml`);
  const document = parseDocument(readFileSync(path, "utf8"));
  const { migrations } = document.toJS() as { migrations: { id: string }[] };
  const index = migrations.findIndex((migration) => migration.id === id);
  if (index < 0) throw new Error(`${version} has no migration ${id}`);
  for (const [field, value] of Object.entries(changes)) {
    if (value === undefined) document.deleteIn(["migrations", index, field]);
    else document.setIn(["migrations", index, field], value);
  }
  writeFileSync(path, document.toString());
}

/** What a query says in the channel's database. */
export function asked<Row>(channel: TestChannel, sql: string): Promise<Row[]> {
  return administrate(async (client) => (await client.query(sql)).rows as Row[], channel.database);
}

/** Id → state of every migration that the ledger knows. */
export async function ledger(channel: TestChannel): Promise<Record<string, string>> {
  const rows = await asked<{ id: string; state: string }>(
    channel,
    "select id, state from release_channels.migration order by id",
  );
  return Object.fromEntries(rows.map(({ id, state }) => [id, state]));
}

/** Until the ledger says that it has run; a million orders on a busy machine take a while. */
export async function isApplied(channel: TestChannel, id: string): Promise<void> {
  await eventually(
    () => ledger(channel),
    (states) => states[id] === "applied",
    (states) => `${id} to be applied; the ledger says ${JSON.stringify(states)}`,
    240,
  );
}

/** How often the ledger has seen each migration begin, upwards. */
export async function runs(channel: TestChannel, id: string): Promise<number> {
  const rows = await asked<{ count: string }>(
    channel,
    `select count(*) from release_channels.run where migration = '${id}' and direction = 'up'`,
  );
  return Number(rows[0]?.count);
}

/** Channel and version of every release that the ledger says is live. */
export async function live(channel: TestChannel): Promise<string[]> {
  const rows = await asked<{ channel: string; version: string }>(
    channel,
    "select channel, version from release_channels.live order by channel, version",
  );
  return rows.map(({ channel: name, version }) => `${name.split("-").at(-1)} ${version}`);
}
