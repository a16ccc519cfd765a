import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { backupDir } from "../../../local/cluster/backup-volumes";
import { buildImages } from "../../../local/images/build";
import { userId } from "../../../local/images/image";
import type { TestChannel } from "./channel";
import { copySecret, createVolume } from "./kubernetes";

/** From now on the channel's data is copied before migrations, to a volume of its own on this machine. */
export async function keepsBackups(
  channel: TestChannel,
  image: Partial<{ command: string[] }> = {},
): Promise<void> {
  const { stack, namespace } = channel;
  const folder = backupDir({ stack });
  mkdirSync(folder, { recursive: true });
  chownSync(folder, userId, userId);
  await createVolume({ name: `${namespace}-backup`, claim: "shop-backup", namespace, folder });
  await copySecret("shop-database-scratch", "shop-canary", namespace);
  const built = (await buildImages()).find(({ name }) => name === "local/shop-backup");
  channel.configure({
    backup: {
      job: {
        image: `${built?.name}@${built?.digest}`,
        ...image,
        volumeClaim: "shop-backup",
        secrets: {
          DATABASE_URL: { name: "shop-database", key: "url" },
          SCRATCH_DATABASE_URL: { name: "shop-database-scratch", key: "url" },
        },
      },
    },
  });
}

/** From now on a report has to show, before the first migration, that the data can be brought back by other means. */
export function recoveryIsToBeShown(channel: TestChannel): void {
  const pattern = join(channel.dir, "reports", "{{version}}-recovery*.json");
  const kinds = { recovery: { pattern, schema: "backup", maxAge: "1h", when: { migrations: true } } };
  const evidence = join(channel.dir, "evidence.yaml");
  writeFileSync(evidence, stringify({ kinds }));
  channel.configure({ backup: { evidence: "recovery" }, evidence });
}

/** Its report for this version: the server's log reaches back, and restoring from it was tried. */
export function recoveryWasTried(channel: TestChannel, version: string): void {
  const now = new Date().toISOString();
  const store = {
    name: "shop-database",
    location: "the server's write-ahead log",
    size_bytes: 1,
    sha256: "0".repeat(64),
    taken_at: now,
    restore_test: { at: now, passed: true },
  };
  const ids = { release_candidate_id: "rc-1", correlation_id: "c-1", version, produced_at: now };
  mkdirSync(join(channel.dir, "reports"), { recursive: true });
  const file = join(channel.dir, "reports", `${version}-recovery.json`);
  writeFileSync(file, JSON.stringify({ ...ids, stores: [store] }));
}
