import { channelSection } from "../../config/schemas/channel";
import { observeRestore } from "../../observe/restored";
import { writeConfigMap } from "../../restore/record";
import type { RestoredData } from "../../rollout/restored-data";
import { recordingCluster } from "./recording-cluster";

const section = channelSection.parse({
  product: "shop",
  namespace: "shop-canary",
  services: {},
  gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
});
const told = { channel: "canary", section };
const restored: RestoredData = {
  ...{ schema: 1, backup: "canary-backup-1f2e3d4c.dump", sha256: "c".repeat(64) },
  restoredAt: "2026-11-20T12:00:00.000Z",
  ledger: { applied: [], notApplied: ["0005-turn"] },
};
const labels = {
  "app.kubernetes.io/managed-by": "release-channels",
  "app.kubernetes.io/part-of": "shop",
  "release-channels.dev/channel": "canary",
};

describe("what a channel is told", () => {
  test("is what its program reads, also when it is told again", async () => {
    const cluster = recordingCluster();
    const read = () => observeRestore(cluster, "shop-canary", "shop-canary-restored", labels);
    expect(await read()).toBeNull();
    await writeConfigMap(cluster, told, restored);
    expect(await read()).toEqual(restored);
    const later = { ...restored, restoredAt: "2026-11-20T13:00:00.000Z" };
    await writeConfigMap(cluster, told, later);
    await writeConfigMap(cluster, told, later);
    expect(await read()).toEqual(later);
  });

  test("is not written over somebody else's object", async () => {
    const cluster = recordingCluster({
      metadata: { labels: { ...labels, "release-channels.dev/channel": "stable" } },
    });
    await expect(writeConfigMap(cluster, told, restored)).rejects.toThrow(
      "ConfigMap shop-canary/shop-canary-restored is not this channel's: found release-channels.dev/channel=stable, expected canary",
    );
  });

  test.each([403, 500])("is a clear error where the cluster answers %i", async (code) => {
    const cluster = recordingCluster(undefined, code);
    await expect(writeConfigMap(cluster, told, restored)).rejects.toThrow(
      new RegExp(`refuses the ConfigMap shop-canary/shop-canary-restored \\(HTTP ${code}\\)`),
    );
  });
});
