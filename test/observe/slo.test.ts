import { channelSection } from "../../config/schemas/channel";
import { sloPolicy } from "../../config/schemas/slo";
import { countServices, observeServices } from "../../observe/slo";
import { objectName } from "../../rollout/release";
import { aChannel, policy as policies } from "../gates/transitions";
import { at, next, old, recordOf, rolling, steady } from "../rollout/releases";
import { prometheusKnowing, type Samples } from "./prometheus-stub";
import { Servers } from "./servers";
import { sourcesWith } from "./sources";

const at0 = Date.parse(at(0)) / 1000;
const servers = new Servers();
afterEach(() => servers.close());

const traefikLabels = { traefik_service_requests_total: ["__name__", "code", "method", "service"] };
const knowing = (known: Parameters<typeof prometheusKnowing>[1]) =>
  prometheusKnowing(servers, known, traefikLabels);

const policy = sloPolicy.parse({ services: { api: { errorRate: { target: 0.01 } } }, staleAfter: "30s" });

function observe(url: string, baselineServes = true) {
  const channel = channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    services: {},
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
    prometheus: { url, scrapeInterval: "1s" },
  });
  const releases = { candidate: next, baseline: old, baselineServes };
  return countServices(channel, policy, releases, () => ({ from: 1000, to: 1100, earlier: null }));
}

const window = {
  from: new Date(1_000_000).toISOString(),
  to: new Date(1_100_000).toISOString(),
  earlier: null,
};
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
        window,
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
      api: { window, candidate: null, baseline: null, problem: expect.stringContaining("no samples") },
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

describe("which window is counted", () => {
  const always: Samples = [
    [at0 - 5, "0"],
    [at0 + 3599, "100"],
  ];
  const asked = async (
    more: Parameters<typeof sourcesWith>[0] = {},
    weight = 10,
    values: Samples = always,
  ) => {
    const { url, queries } = await knowing([
      [["code=~"], []],
      [["_bucket"], []],
      [["requests"], [{ values }]],
    ]);
    const channel = aChannel({ prometheus: { url, scrapeInterval: "15s" } });
    const record = recordOf(rolling(weight));
    const step = { kind: "advance", to: rolling(50), record } as const;
    const observed = await observeServices(step, sourcesWith({ channel, ...more }));
    return { range: /\[(\d+)s\]$/.exec(queries[0] ?? "")?.[1], api: observed?.api };
  };

  test("from one scrape after the confirmation on, and a little before it for a counter's start", async () => {
    expect((await asked()).range).toBe(String(3600 - 15 + 60));
  });

  test("and later where a warm-up is left out, by the weight", async () => {
    const slo = policies(undefined, { warmUp: "1m", stages: { 30: { warmUp: "10m" } } });
    expect((await asked({ slo })).range).toBe(String(3600 - 15 - 60 + 60));
    expect((await asked({ slo }, 30)).range).toBe(String(3600 - 15 - 600 + 60));
  });

  test("or the last part of it, by the weight and the service", async () => {
    const objectives = { errorRate: { target: 0.01 } };
    const slo = policies(
      { api: objectives },
      { window: "10m", stages: { 30: { services: { api: { ...objectives, window: "5m" } } } } },
    );
    expect((await asked({ slo })).range).toBe(String(600 + 60));
    expect((await asked({ slo }, 30)).range).toBe(String(300 + 60));
    expect((await asked({ slo, now: new Date(at(315)) })).range).toBe(String(300 + 60));
  });

  test("what was before it is not counted", async () => {
    const slo = policies(undefined, { window: "10m" });
    const { api } = await asked({ slo }, 10, [
      [at0 - 5, "0"],
      [at0 + 2990, "900"],
      [at0 + 3599, "1000"],
    ]);
    expect(api).toMatchObject({
      window: { from: at(3000), to: at(3600), earlier: (3600 - 15 - 600) / 15 },
      candidate: { requests: 100 },
      problem: null,
    });
  });

  test("one without a request in it has none, whatever was before; one without samples is a problem", async () => {
    const slo = policies(undefined, { window: "10m" });
    const idle: Samples = [
      [at0 - 5, "0"],
      [at0 + 2990, "900"],
      [at0 + 3599, "900"],
    ];
    expect((await asked({ slo }, 10, idle)).api).toMatchObject({
      candidate: { requests: 0 },
      problem: null,
    });
    expect((await asked({ slo }, 10, idle.slice(0, 2))).api).toMatchObject({
      candidate: null,
      problem: expect.stringMatching(/610 s old/),
    });
  });

  test("before it begins, nothing of it is asked", async () => {
    expect((await asked({ now: new Date(at(5)) })).range).toBe("60");
  });

  test("no source, no candidate or no share: nothing to count", async () => {
    const step = { kind: "advance", to: rolling(30), record: recordOf(rolling(10)) } as const;
    expect(await observeServices(step, sourcesWith())).toBeNull();
    expect(await observeServices({ ...step, record: recordOf(steady()) }, sourcesWith())).toBeNull();
    const channel = aChannel({ prometheus: { url: "http://127.0.0.1:1" } });
    const start = { kind: "start", to: rolling(10), record: recordOf(rolling(0)) } as const;
    expect(await observeServices(start, sourcesWith({ channel }))).toEqual({});
  });
});

describe("a baseline that fell silent", () => {
  const silent: Parameters<typeof knowing>[0] = [
    [["code=~"], []],
    [["_bucket"], []],
    [
      [candidate],
      [
        {
          values: [
            [1001, "10"],
            [1099, "300"],
          ],
        },
      ],
    ],
    [
      [baseline],
      [
        {
          values: [
            [990, "1000"],
            [1020, "2800"],
          ],
        },
      ],
    ],
  ];

  test("while it has a share is not compared with", async () => {
    const { url } = await knowing(silent);
    expect((await observe(url)).api?.problem).toMatch(/80 s old/);
  });

  test("after it has lost its share is as it should be", async () => {
    const { url } = await knowing(silent);
    expect((await observe(url, false)).api).toMatchObject({ candidate: { requests: 300 }, problem: null });
  });
});
