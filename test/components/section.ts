import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import { at } from "../rollout/releases";

export const written = {
  product: "shop",
  namespace: "shop-canary",
  gateway: {
    name: "shared",
    namespace: "gateway",
    listener: "web",
    hostnames: ["canary.shop.localhost"],
    url: "http://127.0.0.1:18080",
  },
  services: {
    api: { replicas: 10, secrets: { DATABASE_URL: { name: "shop-database", key: "url" } } },
    worker: { replicas: 10 },
    web: { replicas: 10 },
  },
  migrations: { secrets: { DATABASE_URL: { name: "shop-database", key: "url" } } },
};

export const section: ChannelSection = channelSection.parse(written);

/** The same channel with commands of its own to read and give weights. */
export const commandSection: ChannelSection = channelSection.parse({
  ...written,
  gateway: {
    adapter: "command",
    command: {
      apply: ["split", "{service}", "{baseline}", "{candidate}", "{weight}"],
      read: ["split", "--read", "{namespace}"],
    },
    hostnames: written.gateway.hostnames,
    url: written.gateway.url,
  },
});

const ledgerUrl = { name: "shop-database", key: "ledger-url" };
/** What a test's backup says that it has made. */
export const backupMade = {
  name: "shop",
  location: "/backup/canary-t2.dump",
  size_bytes: 4096,
  sha256: "c".repeat(64),
  taken_at: at(70),
  restore_test: { at: at(80), passed: true },
};

/** The same channel with a ledger of its data, which it copies before it is migrated. */
export const dataSection: ChannelSection = channelSection.parse({
  ...written,
  migrations: {
    secrets: { DATABASE_URL: { name: "shop-database", key: "url" } },
    ledger: { url: ledgerUrl },
  },
  backup: {
    job: {
      image: `local/backup@sha256:${"9".repeat(64)}`,
      command: ["node", "backup.js"],
      env: { BACKUP_SCRATCH: "scratch" },
      secrets: { BACKUP_URL: { name: "shop-database", key: "backup-url" } },
      volumeClaim: "shop-backups",
    },
  },
});
