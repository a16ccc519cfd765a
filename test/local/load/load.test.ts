import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acknowledgedOrder } from "../../../local/load/acknowledged";
import { type Load, startLoad } from "../../../local/load/load";
import type { LoadOptions } from "../../../local/load/options";
import type { Slice } from "../../../local/load/slice";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const product =
  (version: string, status = 200): Answer =>
  (_, response) => {
    response.writeHead(status, { "x-shop-version": version, "content-type": "application/json" }).end("{}");
  };

/** The requests are counted and `until` is bounded; how soon a process is up is the machine's affair. */
jest.setTimeout(30_000);

describe("the load generator", () => {
  let server: Server;
  let load: Load | undefined;
  let answer: Answer;
  const received: string[] = [];
  const connections = new Set<unknown>();

  beforeEach(async () => {
    received.length = 0;
    connections.clear();
    server = createServer((request, response) => {
      received.push(`${request.method} ${request.headers.host}`);
      connections.add(request.socket);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    await load?.stop();
    load = undefined;
    server.closeAllConnections();
    server.close();
  });

  const start = async (options: Partial<LoadOptions> = {}) => {
    const { port } = server.address() as AddressInfo;
    load = await startLoad({
      url: `http://127.0.0.1:${port}`,
      host: "canary.shop.localhost",
      rate: 200,
      ...options,
    });
    return load;
  };

  const until = async (seen: (slice: Slice) => boolean) => {
    for (let round = 0; round < 500; round++) {
      if (seen(await load!.peek())) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`not seen within the bound: ${JSON.stringify(await load!.peek())}`);
  };

  test("sends exactly the requests its rate asks for and counts them by version", async () => {
    answer = product("1.0.0");
    await start({ rate: 500, requests: 400 });
    await until((slice) => slice.byVersion["1.0.0"]?.requests === 400);
    const slice = await load!.mark();
    expect(slice).toMatchObject({ requests: 400, failed: 0, byStatus: { 200: 400 } });
    expect(received).toHaveLength(400);
    expect(received).toContain("GET canary.shop.localhost");
    expect(received).toContain("POST canary.shop.localhost");
    expect(await load!.stop()).toMatchObject({ requests: 400, failed: 0 });
  });

  test("holds its rate", async () => {
    answer = product("1.0.0");
    await start({ rate: 300, seconds: 2 });
    await until((slice) => slice.requests >= 600);
    // No sooner, and by the end neither more nor fewer, however late a busy machine lets them go.
    expect((await load!.peek()).seconds).toBeGreaterThanOrEqual(2);
    expect((await load!.stop()).requests).toBe(600);
  });

  test("each mark opens a new slice, and every request belongs to exactly one", async () => {
    answer = product("1.0.0");
    await start();
    await until((slice) => slice.requests >= 20);
    const first = await load!.mark();
    const ofOldVersion = received.length;
    answer = product("1.1.0");
    await until((slice) => (slice.byVersion["1.1.0"]?.requests ?? 0) >= 20);
    const second = await load!.mark();
    const total = await load!.stop();
    expect(first.byVersion).toEqual({ "1.0.0": { requests: first.requests, errors: 0 } });
    // Of the old version are, too, those sent between the mark and the change.
    const late = second.byVersion["1.0.0"]?.requests ?? 0;
    expect(first.requests + late).toBe(ofOldVersion);
    expect(second.byVersion["1.1.0"]!.requests).toBe(second.requests - late);
    expect(total.requests).toBeGreaterThanOrEqual(first.requests + second.requests);
    expect(total.byVersion["1.0.0"]!.requests + total.byVersion["1.1.0"]!.requests).toBe(total.requests);
  });

  test("a lost connection, a gateway error and an answer of a stranger are failures; a 500 of the product is not", async () => {
    const answers: Answer[] = [
      (request) => request.socket.destroy(),
      (_, response) => response.writeHead(503).end("no available server"),
      (_, response) => response.writeHead(404).end("404 page not found"),
      product("1.2.0", 500),
    ];
    answer = (request, response) => answers.shift()?.(request, response);
    await start({ requests: 4, rate: 50 });
    await until((slice) => slice.failed === 3 && slice.byVersion["1.2.0"]?.requests === 1);
    const slice = await load!.mark();
    expect(slice.byVersion).toEqual({ "1.2.0": { requests: 1, errors: 1 } });
    expect(slice.failures.map(({ status }) => status)).toEqual(expect.arrayContaining([null, 503, 404]));
    // A retry would have reached the server a fifth time.
    expect(received).toHaveLength(4);
  });

  test("does not wait for slow answers before it sends the next request, and gives up on them in time", async () => {
    answer = () => undefined;
    await start({ rate: 100, timeout: 0.5, requests: 30 });
    await until((slice) => slice.failed === 30);
    const { failures } = await load!.mark();
    expect(failures[0]).toMatchObject({ status: null, reason: expect.stringContaining("TIMEOUT") });
    expect(received).toHaveLength(30);
  });

  test("bounds the requests without an answer, and counts those it could not send as failed", async () => {
    answer = () => undefined;
    await start({ rate: 200, inFlight: 5, timeout: 60, requests: 20 });
    await until((slice) => slice.failed === 15);
    expect(received.length).toBeLessThanOrEqual(5);
    server.closeAllConnections();
  });

  test("keeps connections alive, or opens one for each request", async () => {
    answer = product("1.0.0");
    await start({ rate: 100, requests: 50 });
    await until((slice) => slice.byVersion["1.0.0"]?.requests === 50);
    await load!.stop();
    expect(connections.size).toBeLessThan(50);
    connections.clear();
    await start({ rate: 100, requests: 50, newConnections: true });
    await until((slice) => slice.byVersion["1.0.0"]?.requests === 50);
    expect(connections.size).toBe(50);
  });

  test("writes every acknowledged order to the file, and only those", async () => {
    const dir = mkdtempSync(join(tmpdir(), "load-"));
    const path = join(dir, "acknowledged.jsonl");
    let posts = 0;
    const acknowledged: unknown[] = [];
    answer = (request, response) => {
      if (request.method !== "POST") return product("1.0.0")(request, response);
      const id = ++posts;
      const good = id % 3 !== 0;
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        if (good) acknowledged.push({ id: String(id), ...JSON.parse(body) });
        response.writeHead(good ? 201 : 500, { "x-shop-version": "1.0.0" }).end(JSON.stringify({ id }));
      });
    };
    try {
      await start({ rate: 500, requests: 300, writes: 0.5, acknowledged: path });
      await until((slice) => slice.byVersion["1.0.0"]?.requests === 300);
      const total = await load!.stop();
      const lines = readFileSync(path, "utf8").trimEnd().split("\n");
      expect(lines).toHaveLength(total.byStatus[201]!);
      const written = lines.map((line) => acknowledgedOrder.parse(JSON.parse(line)));
      expect(written).toHaveLength(acknowledged.length);
      expect(written).toEqual(expect.arrayContaining(acknowledged));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("ends with an error when acknowledged orders cannot be written", async () => {
    answer = (_, response) => response.writeHead(201, { "x-shop-version": "1.0.0" }).end('{"id": 1}');
    const running = await start({ writes: 1, acknowledged: "/nowhere/acknowledged.jsonl" });
    load = undefined;
    await expect(running.stop()).rejects.toThrow(/ENOENT.*nowhere/);
  });

  test("says what is wrong with its options", async () => {
    await expect(startLoad({ url: "ftp://x", host: "h" })).rejects.toThrow(/url/);
  });
});
