import type { Account } from "../evidence/chain/conclude";
import { signingOf } from "../evidence/chain/keys";
import { evidenceName } from "../rollout/labels";
import type { Plan } from "../rollout/plan";
import type { ChannelRecord } from "../rollout/record";
import { observeChainEnd } from "./evidence-chain";
import type { Judgement } from "./judgement";
import type { Cluster } from "./kubernetes";
import { type RestedSources, restedFiles } from "./rested-files";
import type { StackState } from "./state";

/**
 * What the evidence of a transition will say beside what it does: collected before its first change.
 * @returns null where nothing changes
 */
export async function takeAccount(
  plan: Plan,
  record: ChannelRecord | null,
  { verdicts, snapshot }: Pick<Judgement, "verdicts" | "snapshot">,
  sources: RestedSources & { cluster: Cluster },
): Promise<Account | null> {
  if (plan.transition === null) return null;
  const { cluster, channelName, channel } = sources;
  const { version } = plan.to.candidate ?? plan.to.baseline;
  return {
    previous: await observeChainEnd(cluster, channelName, channel, record?.evidence ?? null),
    verdicts,
    snapshot,
    files: restedFiles(sources, version, snapshot),
    signing: await signingOf(process.env, sources.projectDir),
  };
}

/** The envelope of the newest evidence, as the state has it; null where there is none to be kept there. */
export function keptEvidence(
  record: ChannelRecord | null,
  { evidence }: Pick<StackState, "evidence">,
  product: string,
  channelName: string,
): string | null {
  const sequence = record?.evidence?.sequence;
  return sequence === undefined ? null : (evidence[evidenceName(product, channelName, sequence)] ?? null);
}
