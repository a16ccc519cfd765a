import { loadPolicies } from "../config/load/policies";
import { inOneLine, UserError } from "../config/load/problems";
import { loadStackFile } from "../config/load/stack-file";
import type { ChannelSection } from "../config/schemas/channel";
import type { SloPolicy } from "../config/schemas/slo";
import { bringsIn } from "../policies/gates/findings";
import { judged, type Snapshot } from "../policies/gates/input";
import type { ChannelHealth, PromotionSource } from "../policies/gates/input/promotion";
import { notConfigured } from "../policies/gates/input/source";
import { type Served, servedIn } from "../policies/gates/served";
import { stagePolicy } from "../policies/gates/stage-policy";
import type { ChannelRecord } from "../rollout/record";
import type { Release } from "../rollout/release";
import { readRelease } from "./desired";
import { observeIncidents } from "./incidents";
import { judgedWindow } from "./judged-window";
import { observeLoadProbe } from "./load-probe";
import { countServices } from "./slo";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

type Rule = NonNullable<ChannelSection["promotion"]>;
type Sources = Pick<SnapshotSources, "channel" | "settings" | "projectDir" | "readMemory" | "now">;

/** The longest time that is counted, where the channel does not ask for a longer one: samples are read one by one. */
const longestCountedSeconds = 3600;

/** What the channel that versions are promoted from remembers, and how it does with the judged release. */
export async function observePromotion(
  transition: JudgedTransition,
  sources: Sources,
): Promise<PromotionSource> {
  const { promotion: rule } = sources.channel;
  if (rule === undefined || !bringsIn(transition)) return notConfigured;
  let record: ChannelRecord | null;
  try {
    ({ record } = await sources.readMemory(rule.from));
  } catch (error) {
    return { status: "unavailable", problem: (error as Error).message };
  }
  const served = record === null ? null : servedIn(record, judged(transition));
  // A hotfix does not come from there.
  if (served === null || sources.settings.lane === "hotfix") {
    return { status: "known", record, health: notConfigured };
  }
  return { status: "known", record, health: await observeHealth(transition, rule, served, sources) };
}

/** By the other channel's own section and policy, as they are on disk. */
async function observeHealth(
  transition: JudgedTransition,
  rule: Rule,
  served: Served,
  sources: Sources,
): Promise<ChannelHealth> {
  const { projectDir } = sources;
  try {
    const whatFor = "it says how the channel does that versions come from (key channel.promotion.from)";
    const { channel } = loadStackFile(projectDir, rule.from, whatFor);
    const slo = loadPolicies(projectDir, channel).slo();
    const release = served.release ?? readRelease(channel, judged(transition).version, projectDir);
    const [services, incidents] = await Promise.all([
      countServed(slo, channel, release, rule, served, sources),
      observeIncidents(transition, { channel, channelName: rule.from, projectDir }),
    ]);
    return { status: "known", slo, incidentPolicy: channel.incidents, services, incidents };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "unavailable", problem: inOneLine(error) };
  }
}

/** Null where the other channel has no metrics source. */
async function countServed(
  slo: SloPolicy,
  channel: ChannelSection,
  release: Release,
  { from, greenFor }: Rule,
  { since, until }: Served,
  { projectDir, now }: Sources,
): Promise<Snapshot["services"]> {
  if (slo.mode === "quick") {
    const releases = { candidate: release, baseline: release };
    return observeLoadProbe(slo, releases, { channelName: from, projectDir, now });
  }
  if (channel.prometheus === undefined) return null;
  const { scrapeInterval } = channel.prometheus;
  const { warmUp, services } = stagePolicy(slo, 100);
  const begin = Date.parse(since) / 1000 + scrapeInterval + warmUp;
  const end = (until === null ? now.getTime() : Date.parse(until)) / 1000;
  const alone = { candidate: release, baseline: null, baselineServes: false };
  return countServices(channel, slo, alone, (service) => {
    const length = services[service]?.window ?? Math.max(greenFor, longestCountedSeconds);
    return judgedWindow(begin, end, length, scrapeInterval);
  });
}
