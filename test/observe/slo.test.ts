import { text } from "node:stream/consumers";
import { channelSection } from "../../config/schemas/channel";
import { sloPolicy } from "../../config/schemas/slo";
import { observeServices } from "../../observe/slo";
import { objectName } from "../../rollout/release";
import { next, old } from "../rollout/releases";
import { Servers } from "./servers";

const servers = new Servers();
afterEach(() => servers.close());

type Samples = [number, string][];

/** A Prometheus that knows these series: first pattern that the query contains → list of series. */
async function knowing(known: [contains: string[], series: { labels?: object; values: Samples }[]][]) {
  const queries: string[] = [];
  const url = await servers.start(async (request, response) => {
    const query = new URLSearchParams(await text(request)).get("query") ?? "";
    queries.push(query);
    const [, series = []] = known.find(([parts]) => parts.every((part) => query.includes(part))) ?? [];
    const result = series.map(({ labels = {}, values }) => ({ metric: labels, values }));
    response.end(JSON.stringify({ status: "success", data: { resultType: "matrix", result } }));
  });
  return { url, queries };
}

const policy = sloPolicy.parse({ services: { api: { errorRate: { target: 0.01 } } }, staleAfter: "30s" });

function observe(url: string) {
  const channel = channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    services: {},
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
    prometheus: { url, scrapeInterval: "1s" },
  });
  return observeServices(channel, policy, { candidate: next, baseline: old }, { from: 1000, to: 1100 });
}

const [candidate, baseline] = [objectName("api", next), objectName("api", old)];

describe("what the gateway has counted", () => {
  test("of both releases, over the same window", async () => {
    const { url, queries } = await knowing([
      [
        [candidate, "code=~"],
        [
          {
            labels: { code: "500" },
            values: [
              [1050, "2"],
              [1099, "3"],
            ],
          },
        ],
      ],
      [[candidate, "_bucket"], [{ labels: { le: "0.3" }, values: [[1099, "190"]] }]],
      [
        [candidate],
        [
          {
            labels: { code: "200" },
            values: [
              [1010, "10"],
              [1099, "200"],
            ],
          },
        ],
      ],
      [[baseline, "code=~"], []],
      [[baseline, "_bucket"], []],
      [
        [baseline],
        [
          {
            labels: { code: "200" },
            values: [
              [990, "1000"],
              [1099, "2800"],
            ],
          },
        ],
      ],
    ]);
    expect(await observe(url)).toEqual({
      api: {
        candidate: { requests: 200, errors: 3, within: { "0.3": 190 } },
        baseline: { requests: 1800, errors: 0, within: {} },
        problem: null,
      },
    });
    expect(queries).toContainEqual(
      expect.stringContaining(`service="shop-canary-${candidate}-http-80@kubernetesgateway"`),
    );
    expect(queries[0]).toMatch(/\[130s\]$/);
  });

  test("no figures are a problem that is said, not zero errors", async () => {
    const { url } = await knowing([]);
    expect(await observe(url)).toEqual({
      api: { candidate: null, baseline: null, problem: expect.stringContaining("no samples") },
    });
    expect((await observe(await servers.nowhere())).api?.problem).toMatch(/cannot be read/);
  });

  test("a source that began after the window, or fell silent, is a problem", async () => {
    const late = await knowing([
      [
        [baseline],
        [
          {
            values: [
              [1001, "1"],
              [1099, "2"],
            ],
          },
        ],
      ],
    ]);
    expect((await observe(late.url)).api?.problem).toMatch(/do not reach back/);
    const silent = await knowing([
      [
        [baseline],
        [
          {
            values: [
              [990, "1"],
              [1060, "2"],
            ],
          },
        ],
      ],
    ]);
    expect((await observe(silent.url)).api?.problem).toMatch(/40 s old/);
  });

  test("a candidate that nobody has asked yet has no requests", async () => {
    const { url } = await knowing([
      [
        [baseline],
        [
          {
            values: [
              [990, "1"],
              [1099, "2"],
            ],
          },
        ],
      ],
    ]);
    expect(await observe(url)).toMatchObject({ api: { candidate: { requests: 0 }, problem: null } });
  });

  test("a candidate whose own figures fell silent is not judged by the old ones", async () => {
    const { url } = await knowing([
      [[candidate, "code=~"], []],
      [[candidate, "_bucket"], []],
      [
        [candidate],
        [
          {
            values: [
              [1001, "10"],
              [1020, "300"],
            ],
          },
        ],
      ],
      [[baseline, "code=~"], []],
      [
        [baseline],
        [
          {
            values: [
              [990, "1000"],
              [1099, "2800"],
            ],
          },
        ],
      ],
    ]);
    expect((await observe(url)).api?.problem).not.toBeNull();
  });

  test("the bucket of everything has a name that people know", async () => {
    const values: Samples = [[1099, "200"]];
    const { url } = await knowing([
      [[candidate, "_bucket"], [{ labels: { le: "+Inf" }, values }]],
      [
        [baseline],
        [
          {
            values: [
              [990, "1000"],
              [1099, "2800"],
            ],
          },
        ],
      ],
    ]);
    expect(Object.keys((await observe(url)).api?.candidate?.within ?? {})).not.toContain("NaN");
  });
});
