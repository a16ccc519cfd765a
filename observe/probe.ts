import * as http from "node:http";
import * as https from "node:https";
import type { Replica } from "./gateway-replicas";

/** One request to a service through the gateway, which no statistics of its users count. */
export interface Probe {
  hostname: string;
  path: string;
  /** Header in which the service answers its release. */
  releaseHeader: string;
  /** What it carries beside: such as what makes it one of a cohort. */
  headers: Record<string, string>;
  query: Record<string, string>;
  timeoutMilliseconds: number;
}

export interface ProbeAnswer {
  release: string | null;
  status: number;
  /** Why there is no answer; null where there is one. */
  failure: string | null;
}

/** Never rejects: what went wrong is in the answer. */
export function probe({ url, agent }: Replica, asked: Probe): Promise<ProbeAnswer> {
  const target = new URL(asked.path, url);
  for (const [name, value] of Object.entries(asked.query)) target.searchParams.set(name, value);
  const { request } = target.protocol === "https:" ? https : http;
  return new Promise((resolve) => {
    const failed = (failure: string) => resolve({ release: null, status: 0, failure });
    const outgoing = request(
      target,
      {
        agent,
        headers: { ...asked.headers, host: asked.hostname, "x-probe": "release-channels" },
        timeout: Math.max(1, asked.timeoutMilliseconds),
      },
      (response) => {
        const header = response.headers[asked.releaseHeader.toLowerCase()];
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
