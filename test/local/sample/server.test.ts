import { Readable } from "node:stream";
import { Registry } from "prom-client";
import { Pool } from "undici";
import { z } from "zod";
import { DatabaseUnavailable } from "../../../local/sample/service/database";
import type { Service } from "../../../local/sample/service/handler";
import { Refusal, type Route } from "../../../local/sample/service/routes";
import { type RunningServer, serve } from "../../../local/sample/service/server";
import { failEvery } from "../../../local/sample/shop/regression";

const routes: Route[] = [
  { method: "GET", path: "/things", handle: ({ query }) => ({ status: 200, body: query }) },
  { method: "GET", path: "/things/:id", handle: ({ params }) => ({ status: 200, body: params }) },
  {
    method: "POST",
    path: "/things",
    handle: async ({ body }) => ({ status: 201, body: z.object({ size: z.number() }).parse(await body()) }),
  },
  {
    method: "GET",
    path: "/gone",
    handle: () => {
      throw new Refusal(404, "it is gone");
    },
  },
  {
    method: "GET",
    path: "/piecemeal",
    handle: () => ({ status: 200, body: Readable.from(["one\n", "two\n"]) }),
  },
  {
    method: "GET",
    path: "/no-database",
    handle: () => {
      throw new DatabaseUnavailable("connection refused to postgresql://secret@host");
    },
  },
];

describe("the sample's server", () => {
  let server: RunningServer;
  let client: Pool;

  async function start(overrides: Partial<Service> = {}): Promise<void> {
    const release = { version: "1.1.0", id: "1-1-0-abcd1234" };
    const registry = new Registry();
    const service = { release, routes, registry, ready: async () => undefined, ...overrides };
    server = await serve(service, { port: 0, quietMs: 0 });
    client = new Pool(`http://127.0.0.1:${server.port}`, { connections: 1 });
  }

  async function call(
    path: string,
    options: { method?: "GET" | "POST"; body?: string; probe?: boolean } = {},
  ) {
    const { method = "GET", body, probe = false } = options;
    const headers = probe ? { "x-probe": "1" } : {};
    const answer = await client.request({ method, path, body, headers });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text };
  }

  beforeAll(() => {
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
  });
  afterAll(() => jest.restoreAllMocks());
  afterEach(async () => {
    await client.close();
    await server.drain();
  });

  it.each([
    ["GET", "/things?a=b", undefined, 200, '{"a":"b"}'],
    ["GET", "/things/7", undefined, 200, '{"id":"7"}'],
    ["POST", "/things", '{"size":1}', 201, '{"size":1}'],
    ["POST", "/things", '{"size":"x"}', 400, '"field":"size"'],
    ["POST", "/things", "{", 400, "not JSON"],
    ["POST", "/things", `"${"x".repeat(20_000)}"`, 413, "longer than"],
    ["POST", "/gone", undefined, 405, "POST is not possible here"],
    ["GET", "/gone", undefined, 404, "it is gone"],
    ["GET", "/piecemeal", undefined, 200, "one\ntwo\n"],
    ["GET", "/nowhere", undefined, 404, "nothing at /nowhere"],
    ["GET", "//", undefined, 404, "nothing at //"],
    ["GET", "/no-database", undefined, 503, "try again"],
    ["GET", "/healthz", undefined, 200, "alive"],
    ["GET", "/readyz", undefined, 200, "ready"],
  ] as const)(
    "answers %s %s (body %s) with %i and who answered",
    async (method, path, body, status, text) => {
      await start();
      const answer = await call(path, { method, body });
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(text);
      expect(answer.text).not.toContain("secret");
      expect(answer.headers).toMatchObject({ "x-shop-version": "1.1.0", "x-release": "1-1-0-abcd1234" });
    },
  );

  it("tells why it is not ready", async () => {
    await start({ ready: async () => Promise.reject(new Error("column note does not exist")) });
    const answer = await call("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.text).toContain("column note does not exist");
  });

  it("fails every 20th request of customers, never a health check or a probe", async () => {
    await start({ intercept: failEvery(20) });
    const statuses: number[] = [];
    for (let request = 0; request < 60; request++) {
      statuses.push((await call("/things")).status);
      expect((await call("/healthz")).status).toBe(200);
      expect((await call("/things", { probe: true })).status).toBe(200);
    }
    expect(statuses.filter((status) => status === 500)).toHaveLength(3);
    expect(statuses.filter((status) => status === 200)).toHaveLength(57);
  });

  it("counts what customers asked by route and status, and nothing else", async () => {
    await start();
    await call("/things/1");
    await call("/things/2");
    await call("/things/3", { probe: true });
    await call("/nowhere");
    await call("/healthz");
    const { text } = await call("/metrics");
    expect(text).toContain('http_requests_total{method="GET",route="/things/:id",status="200"} 2');
    expect(text).toContain('http_requests_total{method="GET",route="none",status="404"} 1');
    expect(text).toContain(
      'http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
    );
    expect(text).not.toContain("healthz");
  });
});
