import { judge } from "../policies/gates";
import type { Proposal } from "../rollout/proposal";
import type { ChannelRecord } from "../rollout/record";
import type { Verdict } from "../rollout/verdict";
import { type SnapshotSources, takeSnapshot } from "./snapshot";

/** Collects what the gates need for this transition, and asks them; nothing is asked where nothing changes. */
export async function judgeProposal(
  proposal: Proposal,
  record: ChannelRecord | null,
  sources: SnapshotSources,
): Promise<Verdict[]> {
  if (proposal.kind === "none" || proposal.kind === "refuse") return [];
  const kind = proposal.kind === "resume" ? proposal.underlying : proposal.kind;
  if (kind === "rollback" || kind === "correct") return [];
  const transition = { kind, to: proposal.to, record };
  const snapshot = await takeSnapshot(transition, sources);
  const { channelName, channel, settings, policies } = sources;
  return judge({
    ...transition,
    channelName,
    channel,
    reason: settings.reason ?? null,
    lane: settings.lane,
    attempt: settings.attempt,
    slo: policies.slo(),
    compat: policies.compat(),
    evidence: policies.evidence(),
    snapshot,
  });
}
