import { type Check, instant } from "./check";

interface Counts {
  requests: number;
  errors: number;
  /** Seconds → requests answered within them. */
  within?: Record<string, number>;
  success_rate: number;
  latency_ms: { p50: number; p95: number; p99: number };
}

interface Probed {
  version: string;
  services: Record<string, Counts>;
}

interface LoadProbe {
  version: string;
  produced_at: string;
  producedAt?: string;
  candidate: Probed;
  baseline?: Probed;
}

/** For a rate that was rounded. */
const rateTolerance = 0.001;

/** Its figures fit each other; whether they are good enough is for conditions and service levels to say. */
export const loadProbe: Check<LoadProbe> = ({ version, produced_at, producedAt, candidate, baseline }) => [
  ...(candidate.version === version
    ? []
    : [`is about ${version}, and its candidate is ${candidate.version}`]),
  ...(producedAt === undefined || instant(producedAt) === instant(produced_at)
    ? []
    : ["producedAt and produced_at are not the same"]),
  ...probedProblems("candidate", candidate),
  ...(baseline === undefined ? [] : probedProblems("baseline", baseline)),
];

function probedProblems(side: string, { services }: Probed): string[] {
  return Object.entries(services).flatMap(([service, counts]) =>
    countProblems(counts).map((problem) => `${service}, ${side}: ${problem}`),
  );
}

function countProblems({ requests, errors, success_rate, latency_ms, within = {} }: Counts): string[] {
  const { p50, p95, p99 } = latency_ms;
  const rate = (requests - errors) / requests;
  const cumulated = Object.entries(within)
    .sort(([left], [right]) => Number(left) - Number(right))
    .map(([, answered]) => answered);
  return [
    ...(errors > requests ? [`more errors (${errors}) than requests (${requests})`] : []),
    ...(Math.abs(rate - success_rate) > rateTolerance
      ? [`success_rate is ${success_rate}, and by its counts ${rate.toFixed(4)}`]
      : []),
    ...(p50 <= p95 && p95 <= p99 ? [] : [`latencies do not ascend: p50 ${p50}, p95 ${p95}, p99 ${p99} ms`]),
    ...([...cumulated, requests].every((answered, index, all) => answered >= (all[index - 1] ?? 0))
      ? []
      : ["the counts in `within` do not ascend up to the requests"]),
  ];
}
