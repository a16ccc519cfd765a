import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Registry } from "prom-client";
import { messageOf } from "./log";
import { httpMetrics } from "./metrics";
import { type Answer, type FoundRoute, failure, find, noRoute, type Route } from "./routes";

export interface Service {
  /** Who answers: sent with every answer, errors too. */
  release: { version: string; id: string };
  /** What customers call: counted in the metrics. */
  routes: Route[];
  registry: Registry;
  /** Resolves when this process can serve customers; rejects with the reason why it cannot. */
  ready(): Promise<unknown>;
  /** Called for each request of a customer before its route; what it throws becomes the answer. */
  intercept?(): void;
}

/** What the process knows about its own traffic. */
export interface Traffic {
  draining: boolean;
  /** When the last request other than a health check or scrape arrived, in milliseconds since 1970. */
  lastRequest: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function operations(service: Service, traffic: Traffic): Route[] {
  const { registry } = service;
  async function readiness(): Promise<Answer> {
    if (traffic.draining) {
      return { status: 503, body: { status: "shutting down" } };
    }
    try {
      await service.ready();
      return { status: 200, body: { status: "ready" } };
    } catch (error) {
      return { status: 503, body: { status: "not ready", reason: messageOf(error) } };
    }
  }
  async function metrics(): Promise<Answer> {
    const headers = { "content-type": registry.contentType };
    return { status: 200, body: await registry.metrics(), headers };
  }
  return [
    { method: "GET", path: "/healthz", handle: () => ({ status: 200, body: { status: "alive" } }) },
    { method: "GET", path: "/readyz", handle: readiness },
    { method: "GET", path: "/metrics", handle: metrics },
  ];
}

/** Answers a service's routes together with `/healthz`, `/readyz` and `/metrics`. */
export function requestHandler(service: Service, traffic: Traffic): Handler {
  const metrics = httpMetrics(service.registry);
  const operational = operations(service, traffic);

  async function send(response: ServerResponse, { status, body, headers }: Answer): Promise<void> {
    const head = {
      "content-type": "application/json",
      "x-shop-version": service.release.version,
      "x-release": service.release.id,
      ...(traffic.draining ? { connection: "close" } : {}),
      ...headers,
    };
    if (body instanceof Readable) {
      response.writeHead(status, head);
      await pipeline(body, response);
      return;
    }
    const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
    response.writeHead(status, { ...head, "content-length": Buffer.byteLength(text) });
    response.end(text);
  }

  async function run(route: FoundRoute, request: IncomingMessage, search?: string): Promise<Answer> {
    try {
      // Probes and health checks are no customers: they must see the process, not the release's bugs.
      if (!isProbe(request)) {
        service.intercept?.();
      }
      return await route.handle(request, search);
    } catch (error) {
      return failure(error, route.name);
    }
  }

  return async (request, response) => {
    const started = performance.now();
    const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
    const [path = "/", search] = (request.url ?? "/").split("?", 2);
    const operation = find(operational, method, path);
    if (operation !== undefined) {
      await send(response, await operation.handle(request, search));
      return;
    }
    traffic.lastRequest = Date.now();
    const route = find(service.routes, method, path);
    const answer =
      route === undefined
        ? noRoute([...service.routes, ...operational], method, path)
        : await run(route, request, search);
    await send(response, answer);
    if (!isProbe(request)) {
      const seconds = (performance.now() - started) / 1000;
      metrics.observe({ method, route: route?.name ?? "none", status: answer.status, seconds });
    }
  };
}

function isProbe(request: IncomingMessage): boolean {
  return request.headers["x-probe"] !== undefined;
}
