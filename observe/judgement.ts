import { inOneLine, UserError } from "../config/load/problems";
import { judge, witness } from "../policies/gates";
import type { Snapshot } from "../policies/gates/input";
import type { Actor } from "../policies/gates/input/governance";
import { type Attribution, signedDecisions } from "../rollout/history";
import type { Proposal } from "../rollout/proposal";
import type { ChannelRecord } from "../rollout/record";
import { afterRestore } from "../rollout/restored";
import type { Verdict } from "../rollout/verdict";
import { claimedActor, observeActor } from "./actor";
import { type JudgedTransition, type SnapshotSources, takeSnapshot } from "./snapshot";

/** What the gates say of a proposal, what they looked at, and what the record is to keep of both. */
export interface Judgement {
  verdicts: Verdict[];
  /** Null where nothing was collected: nothing changes, or a share is only lowered. */
  snapshot: Snapshot | null;
  attribution: Attribution;
}

/** Collects what the gates need for this transition, and asks them; nothing is asked where nothing changes. */
export async function judgeProposal(
  proposal: Proposal,
  recorded: ChannelRecord | null,
  recordedSources: SnapshotSources,
): Promise<Judgement> {
  const { record, live } = afterRestore(recorded, recordedSources.live);
  const sources = { ...recordedSources, live };
  const { channel, settings } = sources;
  if (proposal.kind === "none" || proposal.kind === "refuse") {
    return { verdicts: [], snapshot: null, attribution: attribute(claimedActor(), settings, []) };
  }
  const kind = proposal.kind === "resume" ? proposal.underlying : proposal.kind;
  if (kind === "rollback" || kind === "correct") {
    const actor = await observeActor(sources);
    const verdicts = witness({ kind, channel, reason: settings.reason ?? null, snapshot: { actor } });
    return { verdicts, snapshot: null, attribution: attribute(actor, settings, verdicts) };
  }
  const transition = { kind, to: proposal.to, record };
  if (proposal.kind !== "resume") return judgeTransition(transition, sources);
  try {
    return await judgeTransition(transition, sources);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Live weights that nobody confirmed must not stand for as long as a file is broken.
    const verdicts: Verdict[] = [{ gate: "policy-files", status: "fail", reason: inOneLine(error) }];
    const actor = await observeActor(sources);
    return { verdicts, snapshot: null, attribution: attribute(actor, settings, verdicts) };
  }
}

/** @throws {UserError} when a policy file is missing or not valid */
async function judgeTransition(transition: JudgedTransition, sources: SnapshotSources): Promise<Judgement> {
  const { channelName, channel, settings, policies } = sources;
  const snapshot = await takeSnapshot(transition, sources);
  const verdicts = judge({
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
  return { verdicts, snapshot, attribution: attribute(snapshot.actor, settings, verdicts) };
}

function attribute(
  { name, verifiedBy }: Actor,
  { lane, reason }: SnapshotSources["settings"],
  verdicts: readonly Verdict[],
): Attribution {
  return { actor: name, verifiedBy, reason: reason ?? null, lane, ...signedDecisions(verdicts) };
}
