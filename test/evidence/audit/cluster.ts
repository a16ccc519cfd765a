import type { V1ConfigMap } from "@kubernetes/client-node";
import canonicalize from "canonicalize";
import type { Cluster } from "../../../observe/kubernetes";
import { channelLabels, evidenceName, labelKeys, mirrorName } from "../../../rollout/labels";
import type { Chain } from "../chain/chain";

/** A cluster that holds a channel's evidence and the mirror of its record, and answers in pages of two. */
export function clusterOf({ stored, record }: Chain): Cluster {
  const items = stored.map(({ sequence, text }): V1ConfigMap => {
    const labels = { ...channelLabels("shop", "canary"), [labelKeys.sequence]: String(sequence) };
    return { metadata: { name: evidenceName("shop", "canary", sequence), labels }, data: { envelope: text } };
  });
  return {
    context: "test",
    server: "https://cluster.test",
    core: {
      listNamespacedConfigMap: async ({ _continue = "0" }: { _continue?: string }) => {
        const next = Number(_continue) + 2;
        const more = next < items.length ? { _continue: String(next) } : {};
        return { items: items.slice(Number(_continue), next), metadata: more };
      },
      readNamespacedConfigMap: async ({ name }: { name: string }) => {
        if (name !== mirrorName("shop", "canary") || record === null) {
          throw Object.assign(new Error("HTTP-Code: 404"), { code: 404, body: "" });
        }
        return { data: { record: canonicalize(record) } };
      },
    },
  } as unknown as Cluster;
}
