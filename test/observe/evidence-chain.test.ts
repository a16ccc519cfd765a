import type { V1ConfigMap } from "@kubernetes/client-node";
import { digestOf } from "../../evidence/chain/envelope";
import { observeChainEnd } from "../../observe/evidence-chain";
import type { Cluster } from "../../observe/kubernetes";
import { channelLabels, labelKeys } from "../../rollout/labels";

const where = { namespace: "shop-canary", product: "shop" };

function stored(sequence: number, text: string, channel = "canary"): V1ConfigMap {
  const labels = { ...channelLabels("shop", channel), [labelKeys.sequence]: String(sequence) };
  return { metadata: { name: `shop-canary-evidence-${sequence}`, labels }, data: { envelope: text } };
}

/** A cluster with these ConfigMaps, which notes what it was asked for. */
function clusterOf(...objects: V1ConfigMap[]) {
  const asked: string[] = [];
  const readNamespacedConfigMap = async ({ name }: { name: string }) => {
    asked.push(name);
    const found = objects.find(({ metadata }) => metadata?.name === name);
    if (found === undefined) throw Object.assign(new Error("HTTP-Code: 404"), { code: 404, body: "" });
    return found;
  };
  return { asked, cluster: { core: { readNamespacedConfigMap } } as unknown as Cluster };
}

const head = { sequence: 3, sha256: "c".repeat(64) };
const end = (cluster: Cluster, from: typeof head | null) => observeChainEnd(cluster, "canary", where, from);

describe("the end of the chain", () => {
  test("is what the record says where nothing is beyond it, and only that is looked for", async () => {
    const { cluster, asked } = clusterOf(stored(3, "edited since"));
    expect(await end(cluster, head)).toEqual(head);
    expect(asked).toEqual(["shop-canary-evidence-4"]);
  });

  test("is there where updates left evidence, and no record of it", async () => {
    const { cluster } = clusterOf(stored(4, "four"), stored(5, "five"), stored(7, "seven"));
    expect(await end(cluster, head)).toEqual({ sequence: 5, sha256: digestOf("five") });
  });

  test("is also beyond what somebody has taken the label or the content from: it cannot be written over", async () => {
    const { cluster } = clusterOf(
      {
        ...stored(4, "four"),
        metadata: { ...stored(4, "").metadata, labels: channelLabels("shop", "canary") },
      },
      { ...stored(5, ""), data: {} },
    );
    expect(await end(cluster, head)).toEqual({ sequence: 5, sha256: digestOf("") });
  });

  test("is nowhere before the first", async () => {
    expect(await end(clusterOf().cluster, null)).toBeNull();
    expect(await end(clusterOf(stored(1, "one")).cluster, null)).toEqual({
      sequence: 1,
      sha256: digestOf("one"),
    });
  });

  test.each([stored(4, "four", "stable"), { metadata: { name: "shop-canary-evidence-4" }, data: {} }])(
    "is not what somebody else keeps under such a name (%#)",
    async (foreign) => {
      expect(await end(clusterOf(foreign).cluster, head)).toEqual(head);
    },
  );
});
