import { budgeted, type ErrorBudget, type Figure, type SloPolicy } from "../config/schemas/slo";
import type { BudgetBurn, BudgetSource } from "../policies/gates/input/metrics";
import { notConfigured } from "../policies/gates/input/source";
import type { Release } from "../rollout/release";
import { requireKnown } from "./known-selector";
import { selectorsOf } from "./metric-sources";
import { NoFigures, readValues } from "./prometheus";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** How fast each service of the live release spends its error budget, over the windows of every pair. */
export async function observeBudget(
  { kind, to }: JudgedTransition,
  { channel, policies, now }: SnapshotSources,
): Promise<BudgetSource> {
  if (kind !== "start" || channel.prometheus === undefined) return notConfigured;
  const policy = policies.slo();
  const { errorBudget } = policy;
  if (errorBudget === undefined) return notConfigured;
  const { url } = channel.prometheus;
  const services = budgeted(policy).filter((name) => to.baseline.services[name] !== undefined);
  const place = { url, namespace: channel.namespace, at: now.getTime() / 1000 };
  try {
    const burns = await Promise.all(
      services.map((service) => burnsOf(policy, errorBudget, to.baseline, service, place)),
    );
    return { status: "known", burns: burns.flat() };
  } catch (error) {
    if (!(error instanceof NoFigures)) throw error;
    return { status: "unavailable", problem: error.message };
  }
}

interface Place {
  url: string;
  namespace: string;
  /** Unix time in seconds. */
  at: number;
}

/**
 * Rates are enough here, so Prometheus computes them: `increase()` estimates what happened between the samples at a
 * window's ends.
 */
async function burnsOf(
  policy: SloPolicy,
  { pairs }: ErrorBudget,
  release: Release,
  service: string,
  { url, namespace, at }: Place,
): Promise<BudgetBurn[]> {
  const { requests, errors } = selectorsOf(policy, { namespace, service, release });
  const windows = [...new Set(pairs.flatMap(({ long, short }) => [long, short]))];
  const query = windows
    .flatMap((window) => [
      named(`requests ${window}`, requests, window),
      named(`errors ${window}`, errors, window),
    ])
    .join(" or ");
  const answer = await readValues(url, query, at);
  const figures = new Map(answer.map(({ labels, value }) => [labels.figure, value]));
  if (typeof errors === "string" && !windows.some((window) => figures.has(`errors ${window}`))) {
    await requireKnown(url, errors);
  }
  const target = policy.services[service]?.errorRate?.target ?? Number.NaN;
  const burn = (window: number) => {
    const all = figures.get(`requests ${window}`);
    if (all === undefined) {
      throw new NoFigures(
        `the metrics source has no samples of ${service} ${release.version} over ${window} s`,
      );
    }
    return all === 0 ? null : (figures.get(`errors ${window}`) ?? 0) / all / target;
  };
  return pairs.map(({ long, short }) => ({
    service,
    longWindowSeconds: long,
    shortWindowSeconds: short,
    longBurn: burn(long),
    shortBurn: burn(short),
  }));
}

/** The figure over one window, labelled so that several of them come in one answer. */
function named(name: string, figure: Figure, windowSeconds: number): string {
  const window = `${windowSeconds}s`;
  const expression =
    typeof figure === "string"
      ? `increase(${figure}[${window}])`
      : figure.query.replaceAll("{{window}}", window);
  return `label_replace(sum(${expression}), "figure", "${name}", "", "")`;
}
