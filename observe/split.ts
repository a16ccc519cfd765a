import { raises } from "../policies/gates/input";
import type { SplitSource } from "../policies/gates/input/metrics";
import { notConfigured } from "../policies/gates/input/source";
import { sharedServices } from "../rollout/live";
import type { Release } from "../rollout/release";
import { increase } from "./counters";
import { selectorsOf } from "./metric-sources";
import { NoFigures, readSeries } from "./prometheus";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** Sources whose counters are the gateway's own. */
const gateways = ["traefik", "envoy-gateway", "istio"];

/** What is counted of late: many scrapes, and no more of the past than that. */
const scrapes = 5;
const leastSeconds = 15;

/** Where the gateway itself sends requests: asked before a share rises, and before what has none is taken away. */
export async function observeSplit(
  transition: JudgedTransition,
  { channel, policies, now }: SnapshotSources,
): Promise<SplitSource> {
  const { kind, record } = transition;
  const { prometheus, namespace } = channel;
  const asked = raises(transition) || kind === "finalize";
  if (!asked || record === null || record.candidate === null || prometheus === undefined)
    return notConfigured;
  const policy = policies.slo();
  if (typeof policy.source !== "string" || !gateways.includes(policy.source)) return notConfigured;
  const { candidate, baseline } = record;
  const { url, scrapeInterval } = prometheus;
  const to = now.getTime() / 1000;
  const longest = Math.max(scrapes * scrapeInterval, leastSeconds);
  const from = Math.max(Date.parse(record.since) / 1000 + scrapeInterval, to - longest);
  const windowSeconds = Math.round(to - from);
  if (windowSeconds < scrapeInterval) return { status: "known", windowSeconds, services: {} };
  const count = async (service: string, release: Release) => {
    const { requests } = selectorsOf(policy, { namespace, service, release });
    if (typeof requests !== "string") throw new Error(`${policy.source} counts by series`);
    return increase(await readSeries(url, requests, from - policy.staleAfter, to), from);
  };
  try {
    const counted = await Promise.all(
      sharedServices({ candidate, baseline }).map(async (service) => {
        const [ofCandidate, ofBaseline] = await Promise.all([
          count(service, candidate),
          count(service, baseline),
        ]);
        return [service, { candidate: ofCandidate, baseline: ofBaseline }] as const;
      }),
    );
    return { status: "known", windowSeconds, services: Object.fromEntries(counted) };
  } catch (error) {
    if (!(error instanceof NoFigures)) throw error;
    return { status: "unavailable", problem: error.message };
  }
}
