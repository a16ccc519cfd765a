import type { V1ConfigMap } from "@kubernetes/client-node";
import { UserError } from "../../config/load/problems";
import type { ChannelSection } from "../../config/schemas/channel";
import { exportedMemory } from "../../observe/exported-state";
import { ask, type Cluster } from "../../observe/kubernetes";
import { channelSelector, labelKeys, mirrorName } from "../../rollout/labels";
import { channelRecord } from "../../rollout/record";
import { storedEvidence } from "../chain/stored";
import type { KnownHead, StoredEvidence } from "../chain/verify";
import type { FoundEvidence } from "./exported";

/** A piece of evidence has up to some hundred KiB. */
const pageSize = 50;

/**
 * All evidence of a channel in its cluster, and what the mirror of its record says: first that, and then the evidence.
 * @throws {UserError} when the cluster does not answer
 */
export async function readLive(
  cluster: Cluster,
  channel: string,
  { namespace, product }: Pick<ChannelSection, "namespace" | "product">,
): Promise<FoundEvidence> {
  const name = mirrorName(product, channel);
  const mirror = await ask(cluster, `ConfigMap ${namespace}/${name}`, (options) =>
    cluster.core.readNamespacedConfigMap({ namespace, name }, options),
  );
  const labelSelector = `${channelSelector(product, channel)},${labelKeys.sequence}`;
  const stored: StoredEvidence[] = [];
  let next: string | undefined;
  do {
    const page = await ask(cluster, `ConfigMaps in ${namespace}`, (options) =>
      cluster.core.listNamespacedConfigMap(
        { namespace, labelSelector, limit: pageSize, ...(next ? { _continue: next } : {}) },
        options,
      ),
    );
    stored.push(...(page?.items ?? []).flatMap((item) => storedEvidence(item) ?? []));
    next = page?.metadata?._continue;
  } while (next);
  return { product, channel, stored, heads: mirror === null ? [] : headsOf(mirror, name) };
}

function headsOf({ data }: V1ConfigMap, name: string): KnownHead[] {
  const record = channelRecord.safeParse(json(data?.record));
  const head = record.data?.evidence;
  return head === undefined ? [] : [{ by: `the record in the cluster (ConfigMap ${name})`, head }];
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

/** What the stack's state says, read by `pulumi stack export`. @throws {UserError} where it says nothing */
export async function headInState(stack: string, projectDir: string): Promise<KnownHead> {
  const { record } = await exportedMemory(stack, projectDir);
  if (record?.evidence === undefined) {
    throw new UserError(`The state of stack ${stack} names no evidence: nothing was released with it yet.`);
  }
  return { by: "the record in the stack's state", head: record.evidence };
}
