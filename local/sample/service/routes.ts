import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { DatabaseUnavailable } from "./database";
import { log, messageOf } from "./log";

export interface Call {
  /** Values of the `:name` segments of the route's path. */
  params: Record<string, string>;
  query: Record<string, string>;
  /** The request's body as JSON; rejects with a `Refusal` if it is none or too long. */
  body(): Promise<unknown>;
}

export interface Answer {
  status: number;
  /** Sent as JSON; as it is when it is a string; piece by piece when it is a stream. */
  body: unknown;
  headers?: Record<string, string>;
}

export interface Route {
  method: "GET" | "POST";
  /** A path like `/orders/:id`. */
  path: string;
  handle(call: Call): Promise<Answer> | Answer;
}

/** An answer other than success that the caller can do something about. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const maxBodyBytes = 16 * 1024;

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > maxBodyBytes) {
      throw new Refusal(413, `the body is longer than ${maxBodyBytes} bytes`, { connection: "close" });
    }
    chunks.push(buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refusal(400, "the body is not JSON");
  }
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const names = pattern.split("/");
  const values = path.split("/");
  if (names.length !== values.length) {
    return undefined;
  }
  const params: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? "";
    if (name.startsWith(":")) {
      params[name.slice(1)] = value;
    } else if (name !== value) {
      return undefined;
    }
  }
  return params;
}

export interface FoundRoute {
  /** The route's path as it is declared: the label in metrics, so it takes few values. */
  name: string;
  /** Answers a request with this query string. */
  handle(request: IncomingMessage, search: string | undefined): Promise<Answer> | Answer;
}

/** The route that answers this method and path. */
export function find(routes: Route[], method: string, path: string): FoundRoute | undefined {
  for (const route of routes) {
    const params = route.method === method ? match(route.path, path) : undefined;
    if (params !== undefined) {
      return {
        name: route.path,
        handle: (request, search) =>
          route.handle({
            params,
            query: Object.fromEntries(new URLSearchParams(search)),
            body: () => readJson(request),
          }),
      };
    }
  }
  return undefined;
}

/** The answer to a request that no route takes: 405 where only the method is wrong, else 404. */
export function noRoute(routes: Route[], method: string, path: string): Answer {
  const allowed = routes
    .filter((route) => match(route.path, path) !== undefined)
    .map((route) => route.method);
  return allowed.length > 0
    ? {
        status: 405,
        body: { error: `${method} is not possible here` },
        headers: { allow: allowed.join(", ") },
      }
    : { status: 404, body: { error: `there is nothing at ${path}` } };
}

/** The answer to a request whose route failed; what the caller cannot know about goes to the log. */
export function failure(error: unknown, route: string): Answer {
  if (error instanceof Refusal) {
    return { status: error.status, body: { error: error.message }, headers: error.headers };
  }
  if (error instanceof z.ZodError) {
    const issues = error.issues.map((issue) => ({ field: issue.path.join("."), message: issue.message }));
    return { status: 400, body: { error: "the request is not valid", issues } };
  }
  log("request failed", { route, reason: messageOf(error) });
  return error instanceof DatabaseUnavailable
    ? {
        status: 503,
        body: { error: "the database is unavailable, try again" },
        headers: { "retry-after": "1" },
      }
    : { status: 500, body: { error: "internal error" } };
}
