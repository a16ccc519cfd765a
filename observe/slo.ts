import type { ChannelSection } from "../config/schemas/channel";
import type { SloPolicy } from "../config/schemas/slo";
import { raises, type ServiceObservation, type Snapshot } from "../policies/gates/input";
import { stagePolicy } from "../policies/gates/stage-policy";
import type { Release } from "../rollout/release";
import { requireCoverage, requireFresh } from "./counters";
import { type JudgedWindow, judgedWindow, told } from "./judged-window";
import { observeLoadProbe } from "./load-probe";
import { selectorsOf } from "./metric-sources";
import { NoFigures } from "./prometheus";
import { countRequests, type ReleaseCounts } from "./release-counts";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

export interface Compared {
  candidate: Release;
  baseline: Release | null;
  /** Whether the baseline has a share of the traffic, so that figures of it must be there. */
  baselineServes: boolean;
}

/** Counts of every service that has objectives; null where no source is configured. */
export async function observeServices(
  transition: JudgedTransition,
  { channel, channelName, policies, projectDir, now }: SnapshotSources,
): Promise<Snapshot["services"]> {
  const { record } = transition;
  if (record === null || record.candidate === null) return null;
  if (!raises(transition)) return channel.prometheus === undefined ? null : {};
  const policy = policies.slo();
  const { candidate, baseline, weight } = record;
  if (policy.mode === "quick") {
    return observeLoadProbe(policy, { candidate, baseline }, { channelName, projectDir, now });
  }
  if (channel.prometheus === undefined) return null;
  const { scrapeInterval } = channel.prometheus;
  const { warmUp, services } = stagePolicy(policy, weight);
  const begin = Date.parse(record.since) / 1000 + scrapeInterval + warmUp;
  return countServices(channel, policy, { candidate, baseline, baselineServes: weight < 100 }, (service) =>
    judgedWindow(begin, now.getTime() / 1000, services[service]?.window, scrapeInterval),
  );
}

/** Counts of candidate and baseline for each service that has objectives, both over the service's window. */
export async function countServices(
  channel: ChannelSection,
  policy: SloPolicy,
  releases: Compared,
  windowOf: (service: string) => JudgedWindow,
): Promise<Record<string, ServiceObservation>> {
  const services = Object.keys(policy.services).filter(
    (name) => releases.candidate.services[name] !== undefined,
  );
  const observed = await Promise.all(
    services.map(
      async (service) =>
        [service, await countService(channel, policy, releases, service, windowOf(service))] as const,
    ),
  );
  return Object.fromEntries(observed);
}

async function countService(
  { prometheus, namespace }: ChannelSection,
  policy: SloPolicy,
  { candidate, baseline, baselineServes }: Compared,
  service: string,
  window: JudgedWindow,
): Promise<ServiceObservation> {
  const { staleAfter } = policy;
  const count = async (release: Release): Promise<ReleaseCounts> => {
    if (prometheus === undefined) {
      throw new NoFigures("no metrics source is configured (key channel.prometheus)");
    }
    const selectors = selectorsOf(policy, { namespace, service, release });
    return countRequests(prometheus.url, selectors, window, staleAfter);
  };
  try {
    const [ofCandidate, ofBaseline] = await Promise.all([
      count(candidate),
      baseline?.services[service] === undefined ? null : count(baseline),
    ]);
    if (isSampled(policy)) {
      const [its, others] = [ofCandidate.series, ofBaseline?.series ?? []];
      requireCoverage([...its, ...others], window.from, window.to, staleAfter);
      for (const series of [its, ...(baselineServes ? [others] : [])]) {
        if (series.length > 0) requireFresh(series, window.to, staleAfter);
      }
    }
    return {
      window: told(window),
      candidate: ofCandidate.counts,
      baseline: ofBaseline?.counts ?? null,
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof NoFigures)) throw error;
    return { window: told(window), candidate: null, baseline: null, problem: error.message };
  }
}

/** A query of the user's own has no samples to be looked at: that they are all there and fresh is its own matter. */
function isSampled({ source }: SloPolicy): boolean {
  return typeof source === "string" || typeof source.requests === "string";
}
