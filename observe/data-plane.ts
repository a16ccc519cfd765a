import { text as readText } from "node:stream/consumers";
import { z } from "zod";
import type { Confirmation } from "../rollout/record";
import { acceptable, cohortProbes, type ProbeCounts, probesFor } from "../rollout/split";
import { connections, type Replica, replicasOf } from "./gateway-replicas";
import { probe } from "./probe";

const text = z.record(z.string(), z.string());

const confirmationRequest = z.object({
  /** Id of the transition that is to be confirmed. */
  id: z.string(),
  /** Of the gateway; of each of its replicas, where there are several. */
  url: z.union([z.url(), z.array(z.url()).min(1)]),
  releaseHeader: z.string(),
  withinSeconds: z.number(),
  services: z.array(
    z.object({
      service: z.string(),
      /** HTTP/1.1 where it is left out. */
      protocol: z.literal("grpc").optional(),
      hostname: z.string(),
      path: z.string(),
      /** Release id → weight; they sum to 100. */
      weights: z.record(z.string(), z.number()),
      /** The release whose weight is asked for. */
      candidate: z.string(),
      /** Requests that all have to reach one release, whatever the weights are. */
      cohorts: z
        .array(
          z.object({
            cohort: z.string(),
            release: z.string(),
            requests: z.array(z.object({ headers: text, query: text })),
          }),
        )
        .optional(),
    }),
  ),
});

export type ConfirmationRequest = z.infer<typeof confirmationRequest>;
type ServiceRequest = ConfirmationRequest["services"][number];

/** What a probe carries to belong to a cohort. */
type Marks = NonNullable<ServiceRequest["cohorts"]>[number]["requests"][number];
const unmarked: Marks = { headers: {}, query: {} };

const shortestPauseMilliseconds = 50;
const longestPauseMilliseconds = 1_000;
const probeTimeoutMilliseconds = 5_000;

/**
 * Asks every service, through every replica of the gateway, until at each of them a whole round of answers fits the
 * weights.
 * @throws when the time is over; the message says what was asked and what was seen last.
 */
export async function confirm(request: ConfirmationRequest): Promise<Confirmation> {
  const deadline = Date.now() + request.withinSeconds * 1000;
  const replicas = await replicasOf(request.url);
  try {
    const services: Confirmation["services"] = {};
    for (const service of request.services) {
      services[service.service] = await confirmService(request, service, replicas, deadline);
    }
    return { id: request.id, confirmedAt: new Date().toISOString(), services };
  } finally {
    for (const { agent, grpc } of replicas) {
      agent.destroy();
      grpc.destroy();
    }
  }
}

type ConfirmedService = Confirmation["services"][string];

async function confirmService(
  request: ConfirmationRequest,
  service: ServiceRequest,
  replicas: Replica[],
  deadline: number,
): Promise<ConfirmedService> {
  const asked = service.weights[service.candidate] ?? 0;
  let seen: string | null = null;
  // A weight that is late is asked for less and less often: a gateway in trouble is not to be flooded.
  let pause = shortestPauseMilliseconds;
  do {
    const rounds: ConfirmedService[] = [];
    for (const replica of replicas) {
      const { confirmed, whole, saw } = await roundAt(replica, request, service, deadline);
      if (confirmed === null) {
        // A round that the time cut short says less than the whole one before it.
        if (whole || seen === null) seen = replicas.length === 1 ? saw : `${saw}, ${replica.where}`;
        break;
      }
      rounds.push(confirmed);
    }
    if (rounds.length === replicas.length) return together(asked, rounds);
    process.stderr.write(`${service.service}: asked ${asked} %, seen ${seen}\n`);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, longestPauseMilliseconds);
  } while (Date.now() < deadline);
  throw new Error(
    `The data plane did not show the new weight of ${service.service} within ${request.withinSeconds} s: ` +
      `asked for ${asked} % at ${service.candidate}, seen ${seen} (${[request.url].flat().join(", ")}, host ` +
      `${service.hostname}, header ${request.releaseHeader}). Nothing was scaled down and the record stays as it ` +
      "was; `pulumi up` tries again, and setting the version back rolls back.",
  );
}

/** What a round saw at one replica; confirmed where it fits. */
async function roundAt(
  replica: Replica,
  request: ConfirmationRequest,
  service: ServiceRequest,
  deadline: number,
): Promise<{ confirmed: ConfirmedService | null; whole: boolean; saw: string }> {
  const asked = service.weights[service.candidate] ?? 0;
  const probes = probesFor(asked);
  // Without marks: these are the requests that the weights are for.
  const counts = await round(request, service, replica, probes, deadline, unmarked);
  const whole = counts.sent === probes;
  if (!whole || !acceptable(asked, counts)) return { confirmed: null, whole, saw: describe(counts) };
  const cohorts = await roundOfCohorts(request, service, replica, deadline);
  if (cohorts.astray !== null) {
    return { confirmed: null, whole, saw: `${describe(counts)}; ${cohorts.astray}` };
  }
  const { answered, candidate } = counts;
  const confirmed = {
    asked,
    observed: tenths(candidate / answered),
    probes: answered,
    candidate,
    ...(cohorts.confirmed === null ? {} : { cohorts: cohorts.confirmed }),
  };
  return { confirmed, whole, saw: describe(counts) };
}

/** Of all replicas, each of which was seen to be right by itself. */
function together(asked: number, rounds: ConfirmedService[]): ConfirmedService {
  const [first] = rounds;
  if (first !== undefined && rounds.length === 1) return first;
  const probes = rounds.reduce((sum, one) => sum + one.probes, 0);
  const candidate = rounds.reduce((sum, one) => sum + one.candidate, 0);
  const cohorts: Record<string, number> = {};
  for (const [name, count] of rounds.flatMap((one) => Object.entries(one.cohorts ?? {}))) {
    cohorts[name] = (cohorts[name] ?? 0) + count;
  }
  return {
    asked,
    observed: tenths(candidate / probes),
    probes,
    candidate,
    replicas: rounds.length,
    ...(first?.cohorts === undefined ? {} : { cohorts }),
  };
}

/** A percentage, to a tenth. */
function tenths(share: number): number {
  return Math.round(1000 * share) / 10;
}

interface CohortsSeen {
  /** Cohort → answered probes; null without cohorts. */
  confirmed: Record<string, number> | null;
  /** The first one that was not wholly where it belongs. */
  astray: string | null;
}

/** A bounded number of requests of each kind that a cohort has; all of them have to reach its release. */
async function roundOfCohorts(
  request: ConfirmationRequest,
  service: ServiceRequest,
  replica: Replica,
  deadline: number,
): Promise<CohortsSeen> {
  if (service.cohorts === undefined) return { confirmed: null, astray: null };
  const confirmed: Record<string, number> = {};
  for (const { cohort, release, requests } of service.cohorts) {
    const probes = cohortProbes(service.weights[release] ?? 0);
    for (const marks of requests) {
      const counts = await round(
        request,
        { ...service, candidate: release },
        replica,
        probes,
        deadline,
        marks,
      );
      if (counts.sent < probes || !acceptable(100, counts)) {
        const failure = counts.failure === null ? "" : `; ${counts.failure}`;
        const seen = `${counts.candidate} of ${counts.sent} probes`;
        return { confirmed, astray: `of cohort ${cohort} ${seen} reached ${release}${failure}` };
      }
      confirmed[cohort] = (confirmed[cohort] ?? 0) + counts.answered;
    }
  }
  return { confirmed, astray: null };
}

async function round(
  { releaseHeader }: ConfirmationRequest,
  { protocol, hostname, path, weights, candidate }: ServiceRequest,
  replica: Replica,
  probes: number,
  deadline: number,
  marks: Marks,
): Promise<ProbeCounts> {
  const counts: ProbeCounts = { sent: 0, answered: 0, candidate: 0, strangers: 0, failure: null };
  let left = probes;
  const worker = async () => {
    while (left-- > 0 && Date.now() < deadline) {
      counts.sent++;
      const timeoutMilliseconds = Math.min(probeTimeoutMilliseconds, deadline - Date.now());
      const asked = { hostname, path, releaseHeader, ...marks, timeoutMilliseconds };
      const answer = await (protocol === "grpc" ? replica.grpc.probe(asked) : probe(replica, asked));
      if (answer.failure !== null) counts.failure = answer.failure;
      else if (answer.release !== null && weights[answer.release] !== undefined) {
        counts.answered++;
        if (answer.release === candidate) counts.candidate++;
      } else {
        counts.strangers++;
        counts.failure = `an answer of status ${answer.status} with ${answer.release === null ? "no release header" : `release ${answer.release}`}`;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return counts;
}

function describe({ sent, answered, candidate, failure }: ProbeCounts): string {
  if (sent === 0) return "nothing, because the time was up before it was asked";
  const share = answered === 0 ? "none" : `${((100 * candidate) / answered).toFixed(1)} %`;
  return `${share} (${candidate} of ${answered} answers to ${sent} probes)${failure === null ? "" : `; ${failure}`}`;
}

async function main(): Promise<void> {
  const request = confirmationRequest.parse(JSON.parse(await readText(process.stdin)));
  process.stdout.write(JSON.stringify(await confirm(request)));
}

if (process.argv[1]?.endsWith("data-plane.ts")) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
