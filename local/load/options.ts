import { z } from "zod";

/** What the load generator needs to know; the values cross a process boundary, so both sides parse them. */
export const loadOptions = z.strictObject({
  /** Base address of the gateway, e.g. `http://127.0.0.1:18080`. */
  url: z.url({ protocol: /^http$/ }),
  /** Host header of every request, i.e. the hostname of the route under load. */
  host: z.string().min(1),
  /** Requests per second, started on schedule whether or not earlier ones were answered (open loop). */
  rate: z.number().positive().max(5000).default(100),
  /** Share of requests that write (POST /orders), 0–1. */
  writes: z.number().min(0).max(1).default(0.2),
  /** Share of requests that read back one order written before (GET /orders/:id), 0–1; the rest lists products. */
  readBacks: z.number().min(0).max(1).default(0.2),
  /** Open a new connection for each request instead of keeping connections alive. */
  newConnections: z.boolean().default(false),
  /** Most kept-alive connections at a time. */
  connections: z.number().int().positive().default(64),
  /** Seconds after which an unanswered request counts as failed. */
  timeout: z.number().positive().default(10),
  /** Most requests without an answer at a time; a request that would exceed it counts as failed. */
  inFlight: z.number().int().positive().default(1000),
  /** Stop after this many seconds. */
  seconds: z.number().positive().max(86_400).default(3600),
  /** Stop after this many requests. */
  requests: z.number().int().positive().default(5_000_000),
  /** File for the orders that were acknowledged, a line of JSON each, complete when the load has stopped. */
  acknowledged: z.string().min(1).optional(),
});

export type LoadOptions = z.input<typeof loadOptions>;
export type LoadPlan = z.output<typeof loadOptions>;
