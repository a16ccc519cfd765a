import { text } from "node:stream/consumers";
import { NoFigures, readSeries } from "../../observe/prometheus";
import { Servers } from "./servers";

const servers = new Servers();
afterEach(() => servers.close());

/** A Prometheus that answers everything with this. */
const answering = (body: string, status = 200) =>
  servers.start((_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body);
  });

const matrix = (result: unknown, more: object = {}) =>
  JSON.stringify({ status: "success", data: { resultType: "matrix", result }, ...more });
const sample = {
  metric: { service: "api", code: "200" },
  values: [
    [100, "1"],
    [101.5, "2e3"],
  ],
};

const read = (url: string) => readSeries(url, "requests_total", 100, 160);

describe("reading a counter's samples", () => {
  test("gives labels, and numbers", async () => {
    const url = await answering(matrix([sample]));
    await expect(read(url)).resolves.toEqual([
      {
        labels: sample.metric,
        samples: [
          [100, 1],
          [101.5, 2000],
        ],
      },
    ]);
  });

  test("of a counter that nobody has counted with is empty", async () => {
    await expect(read(await answering(matrix([])))).resolves.toEqual([]);
  });

  test("asks for raw samples of the whole window, by POST, below the path of the address", async () => {
    let asked = "";
    const url = await servers.start(async (request, response) => {
      asked = `${request.method} ${request.url} ${await text(request)}`;
      response.end(matrix([]));
    });
    await readSeries(`${url}/prometheus`, 'a{b="c"}', 100.2, 160);
    const [method, path, body] = asked.split(" ");
    expect([method, path]).toEqual(["POST", "/prometheus/api/v1/query"]);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({ query: 'a{b="c"}[60s]', time: "160" });
  });

  test.each([
    [
      "an error",
      JSON.stringify({ status: "error", errorType: "bad_data", error: "parse error at char 5" }),
      400,
      /answers: parse error at char 5/,
    ],
    ["a warning", matrix([sample], { warnings: ["remote read failed"] }), 200, /warns: remote read failed/],
    ["a page", "<html><body>Sign in</body></html>", 200, /cannot be read/],
    ["nothing", "", 200, /cannot be read/],
    ["other JSON", JSON.stringify({ message: "hello" }), 200, /cannot be understood/],
    [
      "an instant vector",
      JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } }),
      200,
      /cannot be understood/,
    ],
    ["a proxy's error", JSON.stringify({ error: "bad gateway" }), 502, /cannot be understood/],
  ] as const)("%s is no figure", async (_, body, status, message) => {
    const url = await answering(body, status);
    await expect(read(url)).rejects.toThrow(NoFigures);
    await expect(read(url)).rejects.toThrow(message);
    await expect(read(url)).rejects.toThrow(url);
  });

  test("nobody listens", async () => {
    const url = await servers.nowhere();
    await expect(read(url)).rejects.toThrow(NoFigures);
    await expect(read(url)).rejects.toThrow(/cannot be read: ./);
  });

  test("nobody answers: it is given up, and held", async () => {
    const url = await servers.start(() => {});
    await expect(read(url)).rejects.toThrow(NoFigures);
  }, 15_000);

  test("a connection that is cut", async () => {
    const url = await servers.start((request) => request.socket.destroy());
    await expect(read(url)).rejects.toThrow(/cannot be read/);
  });
});
