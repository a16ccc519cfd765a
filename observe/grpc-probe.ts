import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import type { LookupFunction } from "node:net";
import type { Probe, ProbeAnswer } from "./probe";

/** A message without fields, as the length-prefixed frame that gRPC sends: nothing compressed, no bytes. */
const emptyMessage = Buffer.alloc(5);

/**
 * Calls unary methods through one replica of the gateway, over one kept connection. A release is known by its
 * header, in the headers of an answer or in its trailers, whatever the answer's status.
 */
export class GrpcConnection {
  private session: ClientHttp2Session | undefined;

  /** @param pinned finds the replica's address, where the URL's host has several */
  constructor(
    private readonly url: string,
    private readonly pinned?: LookupFunction,
  ) {}

  /** Never rejects: what went wrong is in the answer. */
  probe(asked: Probe): Promise<ProbeAnswer> {
    return new Promise((resolve) => {
      const failed = (failure: string) => resolve({ release: null, status: 0, failure });
      try {
        const stream = this.connected().request({
          ...asked.headers,
          ":method": "POST",
          ":path": asked.path,
          ":authority": asked.hostname,
          "content-type": "application/grpc",
          te: "trailers",
          "x-probe": "release-channels",
        });
        const timer = setTimeout(
          () => {
            failed("no answer in time");
            stream.close(constants.NGHTTP2_CANCEL);
          },
          Math.max(1, asked.timeoutMilliseconds),
        );
        let headers: IncomingHttpHeaders = {};
        const add = (more: IncomingHttpHeaders) => {
          headers = { ...headers, ...more };
        };
        stream.on("response", add).on("trailers", add).resume();
        stream.on("error", (error) => failed(error.message));
        stream.on("close", () => {
          clearTimeout(timer);
          if (headers[":status"] === undefined) failed("the connection ended without an answer");
          const header = headers[asked.releaseHeader.toLowerCase()];
          const release = typeof header === "string" ? header : null;
          resolve({ release, status: Number(headers[":status"]), failure: null });
        });
        stream.end(emptyMessage);
      } catch (error) {
        failed((error as Error).message);
      }
    });
  }

  destroy(): void {
    this.session?.destroy();
  }

  private connected(): ClientHttp2Session {
    if (this.session === undefined || this.session.closed || this.session.destroyed) {
      this.session = connect(this.url, this.pinned === undefined ? {} : { lookup: this.pinned });
      // Told by the stream that was to use it.
      this.session.on("error", () => {});
    }
    return this.session;
  }
}
