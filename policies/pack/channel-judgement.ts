import { loadPolicies, type Policies } from "../../config/load/policies";
import { loadStackConfiguration, type StackConfiguration } from "../../config/load/stack";
import { type TrustedKey, trustedKeys } from "../../evidence/chain/keys";
import { readDesired } from "../../observe/desired";
import { observeChainEnd } from "../../observe/evidence-chain";
import { exportedMemory } from "../../observe/exported-state";
import { judgeProposal } from "../../observe/judgement";
import { connect } from "../../observe/kubernetes";
import type { SnapshotSources } from "../../observe/snapshot";
import type { Memory } from "../../observe/state";
import { observeTraffic } from "../../observe/traffic";
import { type CapacitySettings, capacitySettings } from "../../rollout/capacity";
import { cohortsOf } from "../../rollout/cohorts";
import { type DataPlanInput, dataSettings, type PlannedData, plannedData } from "../../rollout/data-jobs";
import type { LiveTraffic } from "../../rollout/live";
import type { Desired, Proposal } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import {
  type ChannelRecord,
  type EvidenceHead,
  type Intent,
  type Position,
  positionOf,
  type TransitionKind,
} from "../../rollout/record";
import { afterRestore, type Restore } from "../../rollout/restored";
import { type Sizes, sizesAfter } from "../../rollout/sizes";
import type { Verdict } from "../../rollout/verdict";
import type { PackRun } from "./run";
import { compare, type Target } from "./target";
import { type Tightening, violationsOf } from "./tightening";

/** A channel whose target may be registered: what all that is registered below it has to agree with. */
export interface JudgedChannel {
  /** The stack's name. */
  name: string;
  configuration: StackConfiguration;
  /** The record when this run began; null on a first installation. */
  record: ChannelRecord | null;
  /** What the update before this one set out to do. */
  intent: Intent | null;
  /** The step that is made; null where what is recorded is registered again. */
  transition: { id: string; kind: TransitionKind } | null;
  /** Id that everything written for this target bears. */
  writtenBy: string;
  to: Position;
  /** What is done with the data on the way, and whose Jobs are kept. */
  data: PlannedData;
  /** A restore of the data that the next record takes into account. */
  restore: Restore | null;
  /** Where the chain of evidence ended when this run began; null before the first piece. */
  chainEnd: EvidenceHead | null;
  /** Keys one of which has to sign its evidence; null where nobody has to. */
  signers: readonly TrustedKey[] | null;
  /** What was live when this run began, as a restore has left it. */
  live: LiveTraffic;
  /** Of autoscaled services, in pods; the next record keeps them. */
  sizes: Sizes;
  judgedAt: Date;
}

export type Judgement =
  | { outcome: "passed"; channel: JudgedChannel }
  | { outcome: "refused"; reasons: string[] };

/** Where a judgement looks; nothing of it is the program's. */
export interface ChannelSources {
  /** The running stack's name. */
  stack: string;
  configuration(): StackConfiguration;
  /** What the running stack remembered when this run began. */
  memory(): Promise<Memory>;
  live(configuration: StackConfiguration): Promise<LiveTraffic>;
  /** Where the chain of evidence ends, seen from where the record says. */
  chainEnd(configuration: StackConfiguration, record: ChannelRecord | null): Promise<EvidenceHead | null>;
  desired(configuration: StackConfiguration, record: ChannelRecord | null): Desired;
  verdicts(
    proposal: Proposal,
    record: ChannelRecord | null,
    live: LiveTraffic,
    configuration: StackConfiguration,
    now: Date,
  ): Promise<Verdict[]>;
  policies(configuration: StackConfiguration): Policies;
}

export function channelSources(run: PackRun): ChannelSources {
  const { project, stack, organization, projectDir } = run;
  const readMemory = (name: string) => exportedMemory(`${organization}/${project}/${name}`, projectDir);
  // It must be what was remembered before the update writes anything, and the program takes a while to start.
  const memory = readMemory(stack);
  memory.catch(() => undefined);
  return {
    stack,
    configuration: () => loadStackConfiguration(run.configuration, project, stack, projectDir),
    memory: () => memory,
    live: ({ channel }) =>
      observeTraffic({ cluster: connect(channel.context), channelName: stack, channel, projectDir }),
    chainEnd: ({ channel }, record) =>
      observeChainEnd(connect(channel.context), stack, channel, record?.evidence ?? null),
    desired: (configuration, record) => readDesired(configuration, record, projectDir),
    verdicts: async (proposal, record, live, { channel, settings }, now) => {
      const sources: SnapshotSources = {
        cluster: connect(channel.context),
        channelName: stack,
        channel,
        settings,
        projectDir,
        policies: loadPolicies(projectDir, channel),
        live,
        readMemory,
        now,
      };
      return (await judgeProposal(proposal, record, sources)).verdicts;
    },
    policies: ({ channel }) => loadPolicies(projectDir, channel),
  };
}

/**
 * Judges what a program is about to do as if the program had judged nothing: its own look at memory, configuration,
 * release file and cluster, its own proposal, and every gate of it.
 * @throws when something that is needed for it cannot be read.
 */
export async function judgeChannel(
  asked: Target,
  sources: ChannelSources,
  tightening: Tightening,
): Promise<Judgement> {
  const { stack } = sources;
  if (asked.channel !== stack) {
    return refused(`it is the channel ${asked.channel}, and the stack is ${stack}`);
  }
  const configuration = sources.configuration();
  const { channel } = configuration;
  const [{ record, intent }, live] = await Promise.all([sources.memory(), sources.live(configuration)]);
  const now = new Date();
  const proposal = propose({
    record,
    intent,
    desired: sources.desired(configuration, record),
    live,
    stages: channel.stages,
    cohorts: cohortsOf(channel.cohorts),
    rollbackWindowSeconds: channel.rollbackWindow,
    migrationOrder: channel.migrations.order,
    now: now.toISOString(),
  });
  const comparison = compare(asked, record, proposal);
  if (comparison.outcome === "refused") return refused(comparison.reason);
  const today = afterRestore(record, live);
  const { restore } = today;
  const chainEnd = await sources.chainEnd(configuration, record);
  const judged = {
    ...{ name: stack, configuration, record, intent, restore, chainEnd, signers: null },
    ...{ writtenBy: asked.transition, judgedAt: now, sizes: asked.sizes, live: today.live },
  };
  const settings = capacitySettings(channel);
  const dataAt = (to: Position, transition: DataPlanInput["transition"]) =>
    plannedData({
      ...{ to, transition, record: today.record },
      ...{ settings: dataSettings(channel), jobs: today.live.jobs },
    });
  if (comparison.outcome === "kept") {
    const to = positionOf(comparison.record);
    const kept = comparison.record.sizes ?? {};
    const wrong = wrongSizes(asked.sizes, kept, kept, settings);
    if (wrong !== null) return refused(wrong);
    return { outcome: "passed", channel: { ...judged, transition: null, to, data: dataAt(to, null) } };
  }
  const { step } = comparison;
  const verdicts = await sources.verdicts(step, record, live, configuration, now);
  const policies = sources.policies(configuration);
  const reasons = [
    ...verdicts
      .filter(({ status }) => status === "fail" || status === "hold")
      .map(({ gate, reason }) => `${gate}: ${reason}`),
    ...violationsOf(tightening, step, { channel, policies, record, now }),
  ];
  if (reasons.length > 0) return refused(...reasons);
  const transition = { id: asked.transition, kind: step.kind };
  const { attempt } = configuration.settings;
  const underlying = step.kind === "resume" ? step.underlying : step.kind;
  const own = sizesAfter(underlying, step.to, today.record, today.live, settings);
  const isLookedUp = underlying === "start" || underlying === "advance";
  const sameRollout = record?.candidate?.id === step.to.candidate?.id;
  const remembered = isLookedUp || !sameRollout ? {} : (record?.sizes ?? {});
  const wrong = wrongSizes(asked.sizes, own, remembered, settings);
  if (wrong !== null) return refused(wrong);
  const data = dataAt(step.to, { id: transition.id, kind: underlying, attempt });
  const signers = underlying === "rollback" || underlying === "correct" ? null : await signersBy(policies);
  return { outcome: "passed", channel: { ...judged, transition, to: step.to, data, signers } };
}

async function signersBy(policies: Policies): Promise<TrustedKey[] | null> {
  const access = policies.access();
  return access?.evidence?.required ? trustedKeys(access) : null;
}

/**
 * Why the sizes cannot be what the program saw, or null. An autoscaler goes on between two looks, so only what is
 * remembered has to be the same.
 */
function wrongSizes(
  asked: Sizes,
  own: Sizes,
  remembered: Sizes,
  { services }: CapacitySettings,
): string | null {
  const names = [...new Set([...Object.keys(asked), ...Object.keys(own)])].sort();
  for (const service of names) {
    const [said, seen] = [asked[service], own[service]];
    const known = `it counts on ${said ?? "no known number of"} pods of ${service}`;
    const isRemembered = remembered[service] !== undefined;
    if (said === undefined || seen === undefined || (isRemembered && said !== seen)) {
      return `${known}, and it is ${seen ?? "not autoscaled"}`;
    }
    const bounds = services[service];
    if (isRemembered || bounds === undefined || !("maxReplicas" in bounds)) continue;
    const { minReplicas, maxReplicas } = bounds;
    if (said < minReplicas || said > maxReplicas)
      return `${known}, and may have ${minReplicas} to ${maxReplicas}`;
  }
  return null;
}

function refused(...reasons: string[]): Judgement {
  return { outcome: "refused", reasons };
}
