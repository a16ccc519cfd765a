import type { ChannelSection } from "../config/schemas/channel";
import { digestOf } from "../evidence/chain/envelope";
import { envelopeKey } from "../evidence/chain/stored";
import { evidenceName, isOwn } from "../rollout/labels";
import type { EvidenceHead } from "../rollout/record";
import { ask, type Cluster } from "./kubernetes";

/**
 * Where the channel's chain of evidence ends: at what is recorded, or beyond it, where updates left evidence and did
 * not get to their record. The next transition goes on from there, whoever's fault it was.
 * @param head as it is recorded; null where nothing is
 * @throws {UserError} when the cluster does not answer
 */
export async function observeChainEnd(
  cluster: Cluster,
  channelName: string,
  { namespace, product }: Pick<ChannelSection, "namespace" | "product">,
  head: EvidenceHead | null,
): Promise<EvidenceHead | null> {
  let end = head;
  for (;;) {
    const sequence = (end?.sequence ?? 0) + 1;
    const name = evidenceName(product, channelName, sequence);
    const found = await ask(cluster, `ConfigMap ${namespace}/${name}`, (options) =>
      cluster.core.readNamespacedConfigMap({ namespace, name }, options),
    );
    // Somebody else's under this name is refused later, by the check of who owns what.
    if (found === null || !isOwn(found.metadata?.labels, channelName)) return end;
    // Whatever stands there cannot be written over, so the chain goes on after it.
    end = { sequence, sha256: digestOf(found.data?.[envelopeKey] ?? "") };
  }
}
