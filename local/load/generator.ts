import { setTimeout as delay } from "node:timers/promises";
import { Client, type Dispatcher, Pool } from "undici";
import { Acknowledgements } from "./acknowledged";
import type { LoadPlan } from "./options";
import { classify, type Result, versionHeader } from "./outcome";
import { Customers, type ShopRequest } from "./requests";
import { type Slice, Tally } from "./slice";

const tickMilliseconds = 5;

/**
 * Open-loop load of a constant rate: each request has its scheduled start and is sent then, whatever became of
 * the ones before. Nothing is ever retried.
 */
export class Generator {
  readonly #plan: LoadPlan;
  readonly #pool: Pool;
  readonly #customers: Customers;
  readonly #acknowledgements: Acknowledgements | undefined;
  readonly #total: Tally;
  readonly #stopping = new AbortController();
  readonly #finished: Promise<void>;
  #current: Tally;
  #inFlight = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#pool = new Pool(plan.url, { connections: plan.connections, ...timeouts(plan) });
    this.#customers = new Customers(plan);
    this.#acknowledgements =
      plan.acknowledged === undefined ? undefined : new Acknowledgements(plan.acknowledged);
    const now = Date.now();
    this.#total = new Tally(now);
    this.#current = new Tally(now);
    this.#finished = this.#run(now);
  }

  /** Resolves when the bound in time or count is reached, or after `stop`. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Ends the current slice and answers it once all requests started in it have an outcome. */
  async mark(): Promise<Slice> {
    const now = Date.now();
    const closing = this.#current;
    this.#current = new Tally(now);
    await closing.close(now);
    return closing.slice(now);
  }

  /** The current slice so far; requests still under way are counted as requests only. */
  peek(): Slice {
    return this.#current.slice(Date.now());
  }

  /** The whole run so far, counted like `peek`. */
  total(): Slice {
    return this.#total.slice(Date.now());
  }

  /** Starts no further requests, waits for the answers under way, and answers the totals of the whole run. */
  async stop(): Promise<Slice> {
    this.#stopping.abort();
    await this.#finished;
    const now = Date.now();
    await this.#total.close(now);
    await this.#pool.close();
    await this.#acknowledgements?.close();
    return this.#total.slice(now);
  }

  async #run(begin: number): Promise<void> {
    const { rate, seconds, requests } = this.#plan;
    let started = 0;
    while (!this.#stopping.signal.aborted) {
      const elapsed = Math.min((Date.now() - begin) / 1000, seconds);
      const due = Math.min(Math.floor(elapsed * rate), requests);
      for (; started < due; started++) {
        this.#start(begin + ((started + 1) / rate) * 1000);
      }
      if (started >= requests || elapsed >= seconds) {
        return;
      }
      await delay(tickMilliseconds, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  #start(scheduled: number): void {
    const tallies = [this.#total, this.#current];
    const request = this.#customers.next();
    for (const tally of tallies) {
      tally.started();
    }
    this.#inFlight++;
    const sent: Promise<Result> =
      this.#inFlight > this.#plan.inFlight
        ? Promise.resolve({ kind: "error", code: `more than ${this.#plan.inFlight} requests unanswered` })
        : this.#send(request);
    void sent.then((result) => {
      this.#inFlight--;
      const outcome = classify(result);
      for (const tally of tallies) {
        tally.ended(outcome, `${request.method} ${request.path}`, scheduled, Date.now());
      }
    });
  }

  async #send(request: ShopRequest): Promise<Result> {
    const dispatcher = this.#plan.newConnections
      ? new Client(this.#plan.url, timeouts(this.#plan))
      : this.#pool;
    try {
      const { statusCode, headers, body } = await dispatcher.request({
        method: request.method,
        path: request.path,
        headers: requestHeaders(this.#plan, request),
        body: request.order === undefined ? undefined : JSON.stringify(request.order),
        reset: this.#plan.newConnections,
      });
      const order = this.#customers.acknowledged(request, statusCode, await body.text());
      if (order !== undefined) {
        this.#acknowledgements?.add(order);
      }
      return { kind: "answer", status: statusCode, version: single(headers[versionHeader]) };
    } catch (error) {
      return { kind: "error", code: errorCode(error) };
    } finally {
      if (dispatcher !== this.#pool) {
        void dispatcher.destroy();
      }
    }
  }
}

function timeouts({ timeout }: LoadPlan) {
  const milliseconds = timeout * 1000;
  return {
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
    connect: { timeout: milliseconds },
  } satisfies Client.Options;
}

function requestHeaders({ host }: LoadPlan, { order }: ShopRequest): Record<string, string> {
  return order === undefined ? { host } : { host, "content-type": "application/json" };
}

function single(header: Dispatcher.ResponseData["headers"][string]): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return "code" in error ? `${String(error.code)} ${error.message}`.trim() : error.message;
}
