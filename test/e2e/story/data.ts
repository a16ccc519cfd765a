import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import type { TestChannel } from "./channel";
import { administrate, clusterServer, type DatabaseServer, fillWithOldOrders } from "./database";
import { eventually } from "./eventually";
import { copySecret } from "./kubernetes";
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
  { stages = [10, 30, 100], server = clusterServer }: { stages?: number[]; server?: DatabaseServer } = {},
): Promise<TestChannel> {
  const channel = await world.channel("canary", server);
  channel.configure({ stages });
  channel.set({ version: "1.5.0" });
  await channel.succeed("up", "--yes", "--skip-preview");
  const { database, databaseServer } = channel;
  await administrate((client) => fillWithOldOrders(client, orders), database, databaseServer);
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

/** Ends some seconds after its work is done. */
const lingering =
  "const [seconds, ...args] = process.argv.slice(1); require('child_process').execFileSync('node', args, { stdio: 'inherit' }); setTimeout(() => {}, 1000 * seconds)";

/** The migration can be caught for so long while it is done and not noted yet; in every release that declares it. */
export function lingers(
  channel: TestChannel,
  { id, seconds }: { id: string; seconds: number },
  versions: string[],
  more = {},
): void {
  for (const version of versions) {
    const path = join(channel.releasesDir, `${version}.yaml`);
    const declared = parse(readFileSync(path, "utf8")) as { migrations: { id: string; command: string[] }[] };
    const command = declared.migrations.find((migration) => migration.id === id)?.command ?? [];
    migrationIs(channel, version, id, {
      command: ["node", "-e", lingering, String(seconds), ...command.slice(1)],
      ...more,
    });
  }
}

/** What a query says in the channel's database. */
export function asked<Row>(channel: TestChannel, sql: string): Promise<Row[]> {
  const { database, databaseServer } = channel;
  return administrate(async (client) => (await client.query(sql)).rows as Row[], database, databaseServer);
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
export async function isApplied(
  channel: TestChannel,
  id: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await eventually(
    async () => {
      await meanwhile();
      return ledger(channel);
    },
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

/** Whether the table of orders has this column. */
export async function ordersHave(channel: TestChannel, column: string): Promise<boolean> {
  const rows = await asked(
    channel,
    `select from information_schema.columns where table_name = 'orders' and column_name = '${column}'`,
  );
  return rows.length > 0;
}

/** From now on the channel's releases use the other one's database. */
export async function sharesDatabase(channel: TestChannel, other: TestChannel): Promise<void> {
  await copySecret("shop-database", other.namespace, channel.namespace);
  channel.configure({ sharesDataWith: [other.stack] });
  other.configure({ sharesDataWith: [channel.stack] });
}
