import * as http from "node:http";
import * as https from "node:https";
import { createInterface } from "node:readline";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { type Bag, bag, text } from "../protocol/values";

/** An error that the API server answered. */
export class StatusError extends Error {
  constructor(
    message: string,
    readonly code: number,
    readonly reason: string,
    /** `.details` of the Status: name, group, kind, causes. */
    readonly details: Bag = {},
  ) {
    super(message);
    this.name = "StatusError";
  }
}

const hasReason = (error: unknown, reason: string) => error instanceof StatusError && error.reason === reason;
export const isNotFound = (error: unknown) =>
  hasReason(error, "NotFound") || (error instanceof StatusError && error.code === 404);
export const isAlreadyExists = (error: unknown) => hasReason(error, "AlreadyExists");
export const isConflict = (error: unknown) => hasReason(error, "Conflict");
export const isInvalid = (error: unknown) => hasReason(error, "Invalid");
export const isForbidden = (error: unknown) => hasReason(error, "Forbidden");
export const isNamespaceNotFound = (error: unknown) =>
  isNotFound(error) && error instanceof StatusError && text(error.details, "kind") === "namespaces";

export type PatchType =
  | "application/apply-patch+yaml"
  | "application/json-patch+json"
  | "application/merge-patch+json";

export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: PatchType | "application/json";
  /** Ends a read. A write is never cut short: nobody would know whether it happened. */
  signal?: AbortSignal;
}

export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: Bag;
}

/**
 * JSON over HTTP to the API server of a kubeconfig's current context. Address, TLS and credentials
 * (certificates, tokens, exec plugins) come from the Kubernetes client; objects stay untyped, so that no
 * field is lost.
 */
export class ApiClient {
  private agent: http.Agent | undefined;

  constructor(private readonly config: KubeConfig) {}

  async request({ method, path, query, body, contentType, signal }: ApiRequest): Promise<Bag> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    // Node gives the body of a DELETE no length of its own.
    const headers: Record<string, string> =
      payload === undefined
        ? {}
        : {
            "content-type": contentType ?? "application/json",
            "content-length": String(Buffer.byteLength(payload)),
          };
    const response = await this.send(
      method,
      path,
      query,
      headers,
      payload,
      method === "GET" ? signal : undefined,
    );
    const answer = await readAll(response);
    const parsed = parseJson(answer);
    const code = response.statusCode ?? 0;
    if (code >= 200 && code < 300) {
      return parsed ?? {};
    }
    throw parsed !== undefined && parsed.kind === "Status"
      ? new StatusError(text(parsed, "message"), code, text(parsed, "reason"), bag(parsed, "details"))
      : new StatusError(
          `the server answered ${code} to ${method} ${path}: ${answer.slice(0, 300)}`,
          code,
          "",
        );
  }

  /** Events from `resourceVersion` on, until the server ends the stream or `signal` aborts. */
  async *watch(path: string, query: Record<string, string>, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const response = await this.send("GET", path, { ...query, watch: "true" }, {}, undefined, signal);
    if (response.statusCode !== 200) {
      throw new StatusError(await readAll(response), response.statusCode ?? 0, "");
    }
    for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
      const event = parseJson(line);
      if (event !== undefined) {
        yield { type: text(event, "type") as WatchEvent["type"], object: bag(event, "object") };
      }
    }
  }

  private async send(
    method: string,
    path: string,
    query: Record<string, string> | undefined,
    headers: Record<string, string>,
    payload: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<http.IncomingMessage> {
    const server = this.config.getCurrentCluster()?.server;
    if (server === undefined) {
      throw new Error("invalid configuration: no server for the current context of the kubeconfig");
    }
    const url = new URL(server.replace(/\/$/, "") + path);
    url.search = new URLSearchParams(query).toString();
    const options: https.RequestOptions = {
      method,
      signal,
      headers: { accept: "application/json", ...headers },
    };
    await this.config.applyToHTTPSOptions(options);
    options.agent = this.keepAlive(options);
    const attempt = () =>
      new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = (url.protocol === "http:" ? http : https).request(url, options, resolve);
        request.on("error", (error) => reject(Object.assign(error, { reused: request.reusedSocket })));
        request.end(payload);
      });
    try {
      return await attempt();
    } catch (error) {
      // The server may close an idle connection just as it is used again.
      if (error instanceof Error && "reused" in error && error.reused === true && !signal?.aborted) {
        return attempt();
      }
      throw error;
    }
  }

  /** One agent for all requests, since the client makes a new one for each; a proxy's agent is left alone. */
  private keepAlive(options: https.RequestOptions): http.Agent | undefined {
    if (this.config.getCurrentCluster()?.proxyUrl !== undefined) {
      return typeof options.agent === "object" ? options.agent : undefined;
    }
    if (this.agent === undefined) {
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      const isPlain = this.config.getCurrentCluster()?.server.startsWith("http:") === true;
      this.agent = isPlain
        ? new http.Agent({ keepAlive: true })
        : new https.Agent({ keepAlive: true, ca, cert, key, rejectUnauthorized, servername });
    }
    return this.agent;
  }
}

async function readAll(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(answer: string): Bag | undefined {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}

/** The resource version of a list or object. */
export function resourceVersion(object: Bag): string {
  return text(object, "metadata", "resourceVersion");
}
