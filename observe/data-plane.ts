import * as http from "node:http";
import * as https from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Confirmation } from "../rollout/record";
import { acceptable, type ProbeCounts, probesFor } from "../rollout/split";

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
    }),
  ),
});

export type ConfirmationRequest = z.infer<typeof confirmationRequest>;
type ServiceRequest = ConfirmationRequest["services"][number];

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
    const counts = await round(request, service, agent, probes, deadline);
    const whole = counts.sent === probes;
    if (whole && acceptable(asked, counts)) {
      return {
        asked,
        observed: Math.round((1000 * counts.candidate) / counts.answered) / 10,
        probes: counts.answered,
        candidate: counts.candidate,
      };
    }
    // A round that the time cut short says less than the whole one before it.
    if (whole || seen === null) seen = describe(counts);
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

async function round(
  request: ConfirmationRequest,
  service: ServiceRequest,
  agent: http.Agent,
  probes: number,
  deadline: number,
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
): Promise<Answer> {
  const target = new URL(path, url);
  const { request } = target.protocol === "https:" ? https : http;
  return new Promise((resolve) => {
    const failed = (failure: string) => resolve({ release: null, status: 0, failure });
    const outgoing = request(
      target,
      {
        agent,
        headers: { host: hostname, "x-probe": "release-channels" },
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
  const request = confirmationRequest.parse(JSON.parse(await text(process.stdin)));
  process.stdout.write(JSON.stringify(await confirm(request)));
}

if (process.argv[1]?.endsWith("data-plane.ts")) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
