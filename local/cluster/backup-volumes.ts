import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { userId } from "../images/image";
import { stateDir } from "../settings";
import type { Channel } from "./channels";
import { kubectl } from "./kubectl";

/** Folder of this machine that a channel's backups are written to. */
export function backupDir({ stack }: Pick<Channel, "stack">): string {
  return join(stateDir, "backups", stack);
}

const claimName = "shop-backup";
const size = "10Gi";

function volumeName({ namespace }: Channel): string {
  return `${namespace}-backup`;
}

/** A volume on this machine for each channel, and the claim by which its Jobs mount it. */
export function backupObjects(channel: Channel): object[] {
  const { namespace } = channel;
  const storage = {
    accessModes: ["ReadWriteOnce"],
    // None: with the default one, where a cluster has any, another volume would be made.
    storageClassName: "",
  };
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: volumeName(channel) },
      spec: {
        ...storage,
        capacity: { storage: size },
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace, name: claimName },
        hostPath: { path: backupDir(channel), type: "Directory" },
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: claimName, namespace },
      spec: { ...storage, volumeName: volumeName(channel), resources: { requests: { storage: size } } },
    },
  ];
}

/** The folders, and no volume that is still bound to a claim of a namespace that was deleted. */
export async function prepareBackupVolumes(channels: Channel[]): Promise<void> {
  for (const channel of channels) {
    mkdirSync(backupDir(channel), { recursive: true, mode: 0o700 });
    chownSync(backupDir(channel), userId, userId);
  }
  const own = channels.map(volumeName);
  const answer = await kubectl(["get", "persistentvolumes", "--output", "json"]);
  const released = volumeList
    .parse(JSON.parse(answer))
    .items.filter(({ metadata, status }) => own.includes(metadata.name) && status.phase === "Released");
  // Its files stay: they are on this machine, and the volume is of the kind that is retained.
  for (const { metadata } of released) await kubectl(["delete", "persistentvolume", metadata.name]);
}

const volumeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ phase: z.string().optional() }),
    }),
  ),
});
