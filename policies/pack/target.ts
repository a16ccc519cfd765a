import { z } from "zod";
import type { Proposal } from "../../rollout/proposal";
import { type ChannelRecord, type Position, position, transitionKind } from "../../rollout/record";
import { describePosition } from "../../rollout/report";

/** What the program says it is about to do: the inputs of its ReleaseChannel. */
export const target = z.object({
  channel: z.string(),
  transition: z.string(),
  kind: transitionKind,
  state: position.shape.state,
  /** Ids of the releases. */
  baseline: z.string(),
  candidate: z.string().nullish(),
  weight: position.shape.weight,
  /** Of autoscaled services: the program looked them up. */
  sizes: z.record(z.string(), z.int().min(1)).default({}),
});
export type Target = z.infer<typeof target>;

/** A proposal that goes somewhere. */
export type Step = Extract<Proposal, { to: Position }>;

export type Comparison =
  /** Nothing moves: what is recorded is registered again. */
  | { outcome: "kept"; record: ChannelRecord }
  /** A step that the channel can make from where it is, if its gates agree. */
  | { outcome: "step"; step: Step }
  | { outcome: "refused"; reason: string };

/**
 * Whether a target is what follows from the channel's memory and configuration. The names it gives itself count for
 * nothing: a raise that calls itself a rollback is found out by where it leads.
 */
export function compare(asked: Target, record: ChannelRecord | null, proposal: Proposal): Comparison {
  if (proposal.kind === "refuse") return { outcome: "refused", reason: proposal.why };
  if (record !== null && asked.transition === record.transition.id) {
    if (leadsTo(asked, record)) return { outcome: "kept", record };
    const reason = `it goes by the name of the recorded transition ${record.transition.id}, which led to ${describePosition(record)}, and leads to ${describe(asked)}`;
    return { outcome: "refused", reason };
  }
  const steps = possibleSteps(proposal);
  const step = steps.find(({ to }) => leadsTo(asked, to));
  if (step === undefined) {
    const next =
      steps.length === 0
        ? proposal.why
        : steps.map(({ kind, to }) => `${kind} to ${describePosition(to)}`).join(", or ");
    const reason = `it leads to ${describe(asked)}; by the record and the configuration the next step is: ${next}`;
    return { outcome: "refused", reason };
  }
  if (step.kind !== asked.kind) {
    return {
      outcome: "refused",
      reason: `it calls itself ${asked.kind}, and what it does is: ${step.kind} to ${describePosition(step.to)}`,
    };
  }
  return { outcome: "step", step };
}

/** The proposed step; of an unfinished update also the way back that it has where its gates are not open. */
function possibleSteps(proposal: Proposal): Step[] {
  if (proposal.kind === "none" || proposal.kind === "refuse") return [];
  return proposal.kind === "resume" ? [proposal, ...possibleSteps(proposal.otherwise)] : [proposal];
}

function leadsTo(asked: Target, { state, baseline, candidate, weight }: Position): boolean {
  return (
    asked.state === state &&
    asked.baseline === baseline.id &&
    (asked.candidate ?? null) === (candidate?.id ?? null) &&
    asked.weight === weight
  );
}

function describe({ state, baseline, candidate, weight }: Target): string {
  if (candidate === undefined || candidate === null) return `${baseline} at 100 %`;
  return `${candidate} at ${weight} %, baseline ${baseline} (${state})`;
}
