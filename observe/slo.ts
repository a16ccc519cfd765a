import type { ChannelSection } from "../config/schemas/channel";
import type { Selectors, SloPolicy } from "../config/schemas/slo";
import type { RequestCounts, ServiceObservation } from "../policies/gates/input";
import { objectName, type Release } from "../rollout/release";
import { increase, requireCoverage, requireFresh } from "./counters";
import { NoFigures, readSeries, type Series } from "./prometheus";

/** Traefik's own metrics of Gateway API backends; needs its option `metrics.prometheus.addServicesLabels`. */
const traefik: Selectors = {
  requests: 'traefik_service_requests_total{service="{{namespace}}-{{service}}-http-80@kubernetesgateway"}',
  errors:
    'traefik_service_requests_total{service="{{namespace}}-{{service}}-http-80@kubernetesgateway",code=~"5.."}',
  durationBuckets:
    'traefik_service_request_duration_seconds_bucket{service="{{namespace}}-{{service}}-http-80@kubernetesgateway"}',
};

export interface Window {
  /** Unix time in seconds. */
  from: number;
  to: number;
}

interface ReleaseSeries {
  requests: Series[];
  errors: Series[];
  buckets: Series[];
}

/** Counts of candidate and baseline for each service that has objectives, over one window. */
export async function observeServices(
  channel: ChannelSection,
  policy: SloPolicy,
  releases: { candidate: Release; baseline: Release | null },
  window: Window,
): Promise<Record<string, ServiceObservation>> {
  const services = Object.keys(policy.services).filter(
    (name) => releases.candidate.services[name] !== undefined,
  );
  const observed = await Promise.all(
    services.map(
      async (service) => [service, await observeService(channel, policy, releases, service, window)] as const,
    ),
  );
  return Object.fromEntries(observed);
}

async function observeService(
  channel: ChannelSection,
  policy: SloPolicy,
  { candidate, baseline }: { candidate: Release; baseline: Release | null },
  service: string,
  window: Window,
): Promise<ServiceObservation> {
  try {
    const [ofCandidate, ofBaseline] = await Promise.all([
      read(channel, policy, objectName(service, candidate), candidate, window),
      baseline?.services[service] === undefined
        ? null
        : read(channel, policy, objectName(service, baseline), baseline, window),
    ]);
    const all = [...ofCandidate.requests, ...(ofBaseline?.requests ?? [])];
    requireCoverage(all, window.from, window.to, policy.staleAfter);
    if (ofCandidate.requests.length > 0) requireFresh(ofCandidate.requests, window.to, policy.staleAfter);
    return {
      candidate: counts(ofCandidate, window.from),
      baseline: ofBaseline === null ? null : counts(ofBaseline, window.from),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof NoFigures)) throw error;
    return { candidate: null, baseline: null, problem: error.message };
  }
}

/** Reads a little before the window too: a counter's value at its start is the last sample before it. */
async function read(
  channel: ChannelSection,
  { source, staleAfter }: SloPolicy,
  objectOfService: string,
  release: Release,
  { from, to }: Window,
): Promise<ReleaseSeries> {
  const { prometheus, namespace } = channel;
  if (prometheus === undefined)
    throw new NoFigures("no metrics source is configured (key channel.prometheus)");
  const selectors = source === "traefik" ? traefik : source;
  const fill = (selector: string) =>
    selector
      .replaceAll("{{namespace}}", namespace)
      .replaceAll("{{service}}", objectOfService)
      .replaceAll("{{release}}", release.id);
  const samples = (selector: string) => readSeries(prometheus.url, fill(selector), from - staleAfter, to);
  const [requests, errors, buckets] = await Promise.all([
    samples(selectors.requests),
    samples(selectors.errors),
    selectors.durationBuckets === undefined ? [] : samples(selectors.durationBuckets),
  ]);
  return { requests, errors, buckets };
}

function counts({ requests, errors, buckets }: ReleaseSeries, from: number): RequestCounts {
  const bounds = [...new Set(buckets.map(({ labels }) => labels.le).filter((le) => le !== undefined))];
  const within = bounds.map((le) => [
    String(le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le)),
    increase(
      buckets.filter(({ labels }) => labels.le === le),
      from,
    ),
  ]);
  return {
    requests: increase(requests, from),
    errors: increase(errors, from),
    within: Object.fromEntries(within),
  };
}
