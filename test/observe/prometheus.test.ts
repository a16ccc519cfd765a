import { text } from "node:stream/consumers";
import { NoFigures, readLabelNames, readSeries, readValues } from "../../observe/prometheus";
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
const failing = (error: string) => JSON.stringify({ status: "error", errorType: "execution", error });
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
    ["a part", matrix([sample], { isPartial: true }), 200, /only a part/],
    [
      "a time-out of its own",
      failing("query timed out in expression evaluation"),
      503,
      /answers: query timed out/,
    ],
    ["too much to load", failing("query processing would load too many samples"), 422, /too many samples/],
    ["an error in a success's place", matrix([sample]), 500, /cannot be understood \(HTTP 500\)/],
    ["an error without JSON", "upstream connect error", 503, /HTTP 503 with something that is not JSON/],
    ["not found", "404 page not found", 404, /HTTP 404/],
    ["values that are not text", matrix([{ metric: {}, values: [[1, 2]] }]), 200, /cannot be understood/],
    ["JSON that is cut", matrix([sample]).slice(0, -9), 200, /not JSON/],
    ["a proxy's error", JSON.stringify({ error: "bad gateway" }), 502, /cannot be understood/],
  ] as const)("%s is no figure", async (_, body, status, message) => {
    const url = await answering(body, status);
    await expect(read(url)).rejects.toThrow(NoFigures);
    await expect(read(url)).rejects.toThrow(message);
    await expect(read(url)).rejects.toThrow(url);
  });

  test("infos are remarks on the query, and no doubt about the figures", async () => {
    const infos = ["PromQL info: metric might not be a counter"];
    await expect(read(await answering(matrix([sample], { infos })))).resolves.toHaveLength(1);
  });

  test("a redirect is not followed: it leads to a login page", async () => {
    const login = await answering(matrix([sample]));
    const url = await servers.start((_, response) => {
      response.writeHead(302, { location: `${login}/login` });
      response.end();
    });
    await expect(read(url)).rejects.toThrow(NoFigures);
    await expect(read(url)).rejects.toThrow(`redirects to ${login}/login`);
  });

  test("credentials in the address are neither sent nor told", async () => {
    const url = (await answering(matrix([sample]))).replace("http://", "http://ann:secret@");
    await expect(read(url)).rejects.toThrow(/must not hold credentials/);
    await expect(read(url)).rejects.not.toThrow(/secret/);
  });

  test("nobody listens", async () => {
    const url = await servers.nowhere();
    await expect(read(url)).rejects.toThrow(NoFigures);
    await expect(read(url)).rejects.toThrow(/cannot be read: ./);
  });

  test("nobody answers: it is given up, and held", async () => {
    const url = await servers.start(() => {});
    const { timeout } = AbortSignal;
    const patience = jest
      .spyOn(AbortSignal, "timeout")
      .mockImplementation(() => timeout.call(AbortSignal, 50));
    await expect(read(url)).rejects.toThrow(NoFigures);
    expect(patience).toHaveBeenCalledWith(5_000);
    patience.mockRestore();
  });

  test("a connection that is cut", async () => {
    const url = await servers.start((request) => request.socket.destroy());
    await expect(read(url)).rejects.toThrow(/cannot be read/);
  });
});

describe("evaluating a query", () => {
  const vector = (...values: string[]) =>
    JSON.stringify({
      status: "success",
      data: {
        resultType: "vector",
        result: values.map((value) => ({ metric: { le: "1" }, value: [5, value] })),
      },
    });

  test.each([
    ["a vector", vector("3", "0"), [3, 0]],
    ["nothing", vector(), []],
    [
      "a scalar",
      JSON.stringify({ status: "success", data: { resultType: "scalar", result: [5, "7"] } }),
      [7],
    ],
    ["what is not finite", vector("NaN", "+Inf"), [Number.NaN, Number.NaN]],
  ] as const)("%s", async (_, body, expected) => {
    const values = await readValues(await answering(body), "q", 5);
    expect(values.map(({ value }) => value)).toEqual(expected);
  });

  test("raw samples are not what was asked for", async () => {
    await expect(readValues(await answering(matrix([sample])), "q[5m]", 5)).rejects.toThrow(
      /cannot be understood/,
    );
  });

  test("names of labels", async () => {
    const url = await answering(JSON.stringify({ status: "success", data: ["__name__", "code"] }));
    await expect(readLabelNames(url, "m")).resolves.toEqual(["__name__", "code"]);
  });
});
