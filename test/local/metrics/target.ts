import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Release } from "../../../rollout/release";

/** Counters of one pod; a restart begins at 0. */
interface Pod {
  labels: string;
  good: number;
  bad: number;
  slow: number;
}

const bounds = [0.1, 0.3, 1.2];

/** What is scraped: pods of releases, with counters that a test sets. */
export class Target {
  readonly #pods = new Map<string, Pod>();
  #server: Server | undefined;
  #port = 0;
  #generation = 0;

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Rises with every change, so that a test can see what was scraped. */
  get generation(): number {
    return this.#generation;
  }

  /** Begins to answer, at the same address as before. */
  async up(): Promise<void> {
    const server = createServer((_, response) => response.end(this.#exposition()));
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    this.#server = undefined;
  }

  /** More answers of one pod; `slow` of the good ones took longer than 0.3 s. */
  answer(release: Release, counts: { good?: number; bad?: number; slow?: number }, pod = "one"): void {
    const labels = `namespace="shop-canary",service="api",release="${release.id}",pod="${pod}"`;
    const { good = 0, bad = 0, slow = 0 } = counts;
    const before = this.#pods.get(release.id + pod) ?? { labels, good: 0, bad: 0, slow: 0 };
    this.#pods.set(release.id + pod, {
      labels,
      good: before.good + good,
      bad: before.bad + bad,
      slow: before.slow + slow,
    });
    this.#generation++;
  }

  /** The pod's process ends: its series are gone, or begin at 0 when it answers again. */
  restart(release: Release, pod = "one"): void {
    this.#pods.delete(release.id + pod);
    this.#generation++;
  }

  #exposition(): string {
    const lines = [...this.#pods.values()].flatMap(({ labels, good, bad, slow }) => [
      `http_requests_total{${labels},status="200"} ${good}`,
      ...(bad === 0 ? [] : [`http_requests_total{${labels},status="500"} ${bad}`]),
      ...bounds.map(
        (le) =>
          `http_request_duration_seconds_bucket{${labels},le="${le}"} ${le > 0.3 ? good + bad : good + bad - slow}`,
      ),
      `http_request_duration_seconds_bucket{${labels},le="+Inf"} ${good + bad}`,
    ]);
    return [`target_generation ${this.#generation}`, ...lines, ""].join("\n");
  }
}
