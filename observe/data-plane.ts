import * as http from "node:http";
import * as https from "node:https";
import { text as readText } from "node:stream/consumers";
import { z } from "zod";
import type { Confirmation } from "../rollout/record";
import { acceptable, cohortProbes, type ProbeCounts, probesFor } from "../rollout/split";

const text = z.record(z.string(), z.string());

const confirmationRequest = z.object({
  /** Id of the transition that is to be confirmed. */
  id: z.string(),
  url: z.url(),
  releaseHeader: z.string(),
  withinSeconds: z.number(),
  services: z.array(
    z.object({
      service: z.string(),
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

const connections = 8;
const pauseMilliseconds = 50;
const probeTimeoutMilliseconds = 5_000;

/**
 * Asks every service, through the gateway, until a whole round of answers fits the weights.
 * @throws when the time is over; the message says what was asked and what was seen last.
 */
export async function confirm(request: ConfirmationRequest): Promise<Confirmation> {
  const deadline = Date.now() + request.withinSeconds * 1000;
  const secure = new URL(request.url).protocol === "https:";
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: connections })
    : new http.Agent({ keepAlive: true, maxSockets: connections });
  try {
    const services: Confirmation["services"] = {};
    for (const service of request.services) {
      services[service.service] = await confirmService(request, service, agent, deadline);
    }
    return { id: request.id, confirmedAt: new Date().toISOString(), services };
  } finally {
    agent.destroy();
  }
}

async function confirmService(
  request: ConfirmationRequest,
  service: ServiceRequest,
  agent: http.Agent,
  deadline: number,
): Promise<Confirmation["services"][string]> {
  const asked = service.weights[service.candidate] ?? 0;
  const probes = probesFor(asked);
  let seen: string | null = null;
  do {
    // Without marks: these are the requests that the weights are for.
    const counts = await round(request, service, agent, probes, deadline, unmarked);
    const whole = counts.sent === probes;
    const fits = whole && acceptable(asked, counts);
    const cohorts = fits ? await roundOfCohorts(request, service, agent, deadline) : null;
    if (fits && cohorts?.astray === null) {
      return {
        asked,
        observed: Math.round((1000 * counts.candidate) / counts.answered) / 10,
        probes: counts.answered,
        candidate: counts.candidate,
        ...(cohorts.confirmed === null ? {} : { cohorts: cohorts.confirmed }),
      };
    }
    // A round that the time cut short says less than the whole one before it.
    if (whole || seen === null) seen = [describe(counts), cohorts?.astray ?? []].flat().join("; ");
    process.stderr.write(`${service.service}: asked ${asked} %, seen ${seen}\n`);
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
  } while (Date.now() < deadline);
  throw new Error(
    `The data plane did not show the new weight of ${service.service} within ${request.withinSeconds} s: ` +
      `asked for ${asked} % at ${service.candidate}, seen ${seen} (${request.url}, host ${service.hostname}, ` +
      `header ${request.releaseHeader}). Nothing was scaled down and the record stays as it was; ` +
      "`pulumi up` tries again, and setting the version back rolls back.",
  );
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
  agent: http.Agent,
  deadline: number,
): Promise<CohortsSeen> {
  if (service.cohorts === undefined) return { confirmed: null, astray: null };
  const confirmed: Record<string, number> = {};
  for (const { cohort, release, requests } of service.cohorts) {
    const probes = cohortProbes(service.weights[release] ?? 0);
    for (const marks of requests) {
      const counts = await round(request, { ...service, candidate: release }, agent, probes, deadline, marks);
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
  request: ConfirmationRequest,
  service: ServiceRequest,
  agent: http.Agent,
  probes: number,
  deadline: number,
  marks: Marks,
): Promise<ProbeCounts> {
  const counts: ProbeCounts = { sent: 0, answered: 0, candidate: 0, strangers: 0, failure: null };
  let left = probes;
  const worker = async () => {
    while (left-- > 0 && Date.now() < deadline) {
      counts.sent++;
      const answer = await probe(
        request,
        service,
        agent,
        Math.min(probeTimeoutMilliseconds, deadline - Date.now()),
        marks,
      );
      if (answer.failure !== null) counts.failure = answer.failure;
      else if (answer.release !== null && service.weights[answer.release] !== undefined) {
        counts.answered++;
        if (answer.release === service.candidate) counts.candidate++;
      } else {
        counts.strangers++;
        counts.failure = `an answer of status ${answer.status} with ${answer.release === null ? "no release header" : `release ${answer.release}`}`;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return counts;
}

interface Answer {
  release: string | null;
  status: number;
  failure: string | null;
}

function probe(
  { url, releaseHeader }: ConfirmationRequest,
  { hostname, path }: ServiceRequest,
  agent: http.Agent,
  timeoutMilliseconds: number,
  { headers, query }: Marks,
): Promise<Answer> {
  const target = new URL(path, url);
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
  const { request } = target.protocol === "https:" ? https : http;
  return new Promise((resolve) => {
    const failed = (failure: string) => resolve({ release: null, status: 0, failure });
    const outgoing = request(
      target,
      {
        agent,
        headers: { ...headers, host: hostname, "x-probe": "release-channels" },
        timeout: Math.max(1, timeoutMilliseconds),
      },
      (response) => {
        const header = response.headers[releaseHeader.toLowerCase()];
        const release = typeof header === "string" ? header : null;
        response.resume();
        response.on("end", () => resolve({ release, status: response.statusCode ?? 0, failure: null }));
        response.on("error", (error) => failed(error.message));
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", (error) => failed(error.message));
    outgoing.end();
  });
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
