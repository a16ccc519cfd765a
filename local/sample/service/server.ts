import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { requestHandler, type Service, type Traffic } from "./handler";
import { log, messageOf } from "./log";

export interface ServerOptions {
  /** 0 takes a free one. */
  port: number;
  /** While draining: how long without a request means that the load balancer has turned away; 1 s by default. */
  quietMs?: number;
}

export interface RunningServer {
  port: number;
  /** Says goodbye to all clients without losing a request, then closes. */
  drain(): Promise<void>;
}

/** Longer than gateways keep idle connections (Traefik: 90 s), so that it is never us who closes first. */
const keepAliveMs = 120_000;
/** The longest time to wait, when draining, for requests to cease: well inside a pod's grace period of 30 s. */
const drainMs = 15_000;
/** The longest time for answers that are still under way after that. */
const finishMs = 5_000;

export async function serve(
  service: Service,
  { port, quietMs = 1_000 }: ServerOptions,
): Promise<RunningServer> {
  const traffic: Traffic = { draining: false, lastRequest: 0 };
  const handle = requestHandler(service, traffic);
  let underWay = 0;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    underWay++;
    response.once("close", () => underWay--);
    handle(request, response).catch((error: unknown) => {
      log("request failed", { reason: messageOf(error) });
      response.destroy();
    });
  });
  server.listen(port);
  await once(server, "listening");
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  log("listening", { port: listening, version: service.release.version, release: service.release.id });

  return {
    port: listening,
    async drain() {
      // New connections are still taken, and every answer asks the client to leave, until nobody comes any more:
      // load balancers learn late that a pod ends, and closing an idle connection races with its next request.
      const begun = Date.now();
      traffic.draining = true;
      traffic.lastRequest = begun;
      while (Date.now() - begun < drainMs && (underWay > 0 || Date.now() - traffic.lastRequest < quietMs)) {
        await sleep(50);
      }
      const closed = once(server, "close");
      server.close();
      const impatience = setTimeout(() => server.closeAllConnections(), finishMs);
      await closed;
      clearTimeout(impatience);
    },
  };
}

/** Ends the process on SIGTERM or SIGINT, once `finish` is done; a repeated signal does not hurry it. */
export function onTermination(finish: () => Promise<void>): void {
  let ending = false;
  const end = (signal: string): void => {
    if (ending) {
      return;
    }
    ending = true;
    log("shutting down", { signal });
    finish().then(
      () => process.exit(0),
      (error: unknown) => {
        log("shutdown failed", { reason: messageOf(error) });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}
