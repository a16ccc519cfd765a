import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { confirm } from "../../observe/data-plane";
import { GrpcConnection } from "../../observe/grpc-probe";
import { asking, baseline, candidate } from "./confirmation-request";

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

let server: Http2Server | undefined;
beforeEach(() => void jest.spyOn(process.stderr, "write").mockReturnValue(true));
afterEach(async () => {
  jest.restoreAllMocks();
  await new Promise((closed) => (server === undefined ? closed(null) : server.close(closed)));
  server = undefined;
});

async function start(answer: Answer): Promise<string> {
  const started = createServer();
  server = started;
  started.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  await new Promise<void>((listening) => started.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const ok = { ":status": 200, "content-type": "application/grpc" };
const inHeaders =
  (release: string): Answer =>
  (stream) => {
    stream.respond({ ...ok, "x-release": release }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.alloc(5));
  };
const inTrailers =
  (release: string): Answer =>
  (stream) => {
    stream.respond(ok, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "5", "x-release": release }));
    stream.end();
  };

const asked = {
  hostname: "grpc.shop.localhost",
  path: "/grpc.health.v1.Health/Check",
  releaseHeader: "X-Release",
  headers: { "x-tester": "1" },
  query: {},
  timeoutMilliseconds: 2000,
};
async function probe(url: string, more: object = {}) {
  const connection = new GrpcConnection(url);
  try {
    return await connection.probe({ ...asked, ...more });
  } finally {
    connection.destroy();
  }
}

describe("a call of a gRPC method", () => {
  test.each([
    ["headers", inHeaders],
    ["trailers, of an error too", inTrailers],
  ])("knows the release by its %s", async (_, answer) => {
    const url = await start(answer(candidate));
    expect(await probe(url)).toEqual({ release: candidate, status: 200, failure: null });
  });

  test("is a call as gRPC makes it, marked as a probe, with an empty message", async () => {
    const seen: IncomingHttpHeaders[] = [];
    const bodies: Buffer[] = [];
    const url = await start((stream, headers) => {
      seen.push(headers);
      stream.on("data", (part: Buffer) => bodies.push(part));
      stream.on("end", () => inHeaders(candidate)(stream, headers));
    });
    await probe(url);
    expect(seen[0]).toMatchObject({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      ":authority": "grpc.shop.localhost",
      "content-type": "application/grpc",
      te: "trailers",
      "x-probe": "release-channels",
      "x-tester": "1",
    });
    expect(Buffer.concat(bodies)).toEqual(Buffer.alloc(5));
  });

  test.each<[string, Answer, RegExp]>([
    ["no answer in time", () => {}, /no answer in time/],
    ["a refused stream", (stream) => stream.close(7), /NGHTTP2_REFUSED_STREAM/],
    ["a connection that ends", (stream) => stream.session?.destroy(), /./],
  ])("that meets %s says so", async (_, answer, failure) => {
    const url = await start(answer);
    expect(await probe(url, { timeoutMilliseconds: 200 })).toMatchObject({
      release: null,
      failure: expect.stringMatching(failure),
    });
  });

  test("that reaches nobody says so", async () => {
    const url = await start(() => {});
    await new Promise((closed) => server?.close(closed));
    server = undefined;
    expect((await probe(url)).failure).toMatch(/ECONNREFUSED/);
  });
});

describe("the weight of a gRPC service", () => {
  const confirmed = async (weight: number, answer: Answer) => {
    const request = asking(await start(answer), weight);
    const services = request.services.map((service) => ({
      ...service,
      protocol: "grpc" as const,
      path: asked.path,
      cohorts: [
        { cohort: "testers", release: candidate, requests: [{ headers: { "x-tester": "1" }, query: {} }] },
      ],
    }));
    return confirm({ ...request, services });
  };

  test("is confirmed by calls, and its cohorts by theirs", async () => {
    let calls = 0;
    const answer: Answer = (stream, headers) => {
      const wholly = headers["x-tester"] === "1";
      inHeaders(wholly || (calls++ * 30) % 100 < 30 ? candidate : baseline)(stream, headers);
    };
    const { services } = await confirmed(30, answer);
    expect(services.api).toMatchObject({ asked: 30, observed: 30, cohorts: { testers: expect.any(Number) } });
  });
});
