import { selectorsOf } from "../../observe/metric-sources";
import { NoFigures } from "../../observe/prometheus";
import { countRequests } from "../../observe/release-counts";
import { objectName } from "../../rollout/release";
import { policy } from "../gates/transitions";
import { next } from "../rollout/releases";
import { prometheusAnswering, prometheusKnowing } from "./prometheus-stub";
import { Servers } from "./servers";

const servers = new Servers();
afterEach(() => servers.close());

const window = { from: 1000, to: 1100 };
const seconds = "seconds" as const;
const some = [
  {
    labels: { code: "200" },
    values: [
      [990, "10"],
      [1099, "210"],
    ] as [number, string][],
  },
];

describe("counting by selectors", () => {
  const own = {
    requests: "req",
    errors: 'req{code=~"5.."}',
    durationBuckets: "dur_bucket",
    bucketUnit: seconds,
  };
  const knowing = (labels?: Record<string, string[]>) =>
    prometheusKnowing(
      servers,
      [
        [["code=~"], []],
        [["dur_bucket"], []],
        [["req"], some],
      ],
      labels,
    );

  test("no failures of a known metric are none", async () => {
    const { url } = await knowing({ req: ["__name__", "code"] });
    const { counts } = await countRequests(url, own, window, 60);
    expect(counts).toEqual({ requests: 200, errors: 0, within: {} });
  });

  test.each([
    ["a metric that nobody knows", own, {}, /metric req of the errors is not known/],
    [
      "a label that it does not have",
      own,
      { req: ["__name__", "status"] },
      /asks for code, which req does not have.*status/,
    ],
    [
      "no metric's name",
      { ...own, errors: '{job="api",code=~"5.."}' },
      {},
      /does not begin with a metric's name/,
    ],
  ] as const)("no failures by %s are no figure", async (_, selectors, labels, message) => {
    const { url } = await knowing(labels as Record<string, string[]>);
    await expect(countRequests(url, selectors, window, 60)).rejects.toThrow(NoFigures);
    await expect(countRequests(url, selectors, window, 60)).rejects.toThrow(message);
  });

  test("names in a label's value are no labels", async () => {
    const selectors = { ...own, errors: 'req{code=~"5..",path!="/a?x=\\"y\\""}' };
    const { url } = await knowing({ req: ["code", "path"] });
    await expect(countRequests(url, selectors, window, 60)).resolves.toMatchObject({ counts: { errors: 0 } });
  });

  test("before anybody has asked the release, nothing needs to be known", async () => {
    const { url } = await prometheusKnowing(servers, []);
    const { counts, series } = await countRequests(url, own, window, 60);
    expect([counts.requests, series]).toEqual([0, []]);
  });

  test("buckets in milliseconds are told in seconds", async () => {
    const bucket = (le: string, count: string) => ({
      labels: { le },
      values: [[1099, count]] as [number, string][],
    });
    const { url } = await prometheusKnowing(
      servers,
      [
        [["code=~"], []],
        [["dur_bucket"], [bucket("0.5", "1"), bucket("300", "190"), bucket("+Inf", "200")]],
        [["req"], some],
      ],
      { req: ["code"] },
    );
    const { counts } = await countRequests(url, { ...own, bucketUnit: "milliseconds" }, window, 60);
    expect(counts.within).toEqual({ "0.0005": 1, "0.3": 190, Infinity: 200 });
  });

  test("a counter that starts again at 0 loses nothing of what was seen", async () => {
    const restarted = [
      {
        values: [
          [990, "100"],
          [1050, "130"],
          [1060, "4"],
          [1099, "24"],
        ] as [number, string][],
      },
    ];
    const { url } = await prometheusKnowing(
      servers,
      [
        [["code=~"], []],
        [["dur"], []],
        [["req"], restarted],
      ],
      {
        req: ["code"],
      },
    );
    await expect(countRequests(url, own, window, 60)).resolves.toMatchObject({ counts: { requests: 54 } });
  });
});

describe("counting by queries of one's own", () => {
  const own = {
    requests: { query: "sum(requests over {{window}})" },
    errors: { query: "sum(errors over {{window}}) or vector(0)" },
    durationBuckets: { query: "sum by (le) (buckets over {{window}})" },
    bucketUnit: seconds,
  };
  const vector = (result: unknown[]) => ({ resultType: "vector", result });

  test("sums what is answered, over the window", async () => {
    const { url, queries } = await prometheusAnswering(servers, (query) =>
      vector(
        query.includes("buckets")
          ? [
              { metric: { le: "0.3" }, value: [1100, "190"] },
              { metric: { le: "+Inf" }, value: [1100, "200"] },
            ]
          : [{ metric: {}, value: [1100, query.includes("errors") ? "3" : "200"] }],
      ),
    );
    await expect(countRequests(url, own, window, 60)).resolves.toEqual({
      counts: { requests: 200, errors: 3, within: { "0.3": 190, Infinity: 200 } },
      series: [],
    });
    expect(queries).toContain("sum(requests over 100s)");
  });

  test.each(["requests", "errors"])("that answers nothing of %s is no figure", async (silent) => {
    const { url } = await prometheusAnswering(servers, (query) =>
      vector(query.includes(silent) ? [] : [{ metric: {}, value: [1100, "200"] }]),
    );
    await expect(countRequests(url, own, window, 60)).rejects.toThrow(
      /answers nothing; of nothing it must answer 0/,
    );
  });

  test("that answers something that is no number is told as such", async () => {
    const { url } = await prometheusAnswering(servers, [{ value: "NaN" }]);
    const { counts } = await countRequests(url, own, window, 60);
    expect(counts.requests).toBeNaN();
  });
});

describe("what the sources are asked for", () => {
  const subject = { namespace: "shop-canary", service: "api", release: next };
  const of = (more: object) => selectorsOf(policy(undefined, more), subject);
  const name = objectName("api", next);

  test("Traefik: the backend of the Gateway API provider", () => {
    expect(of({}).errors).toBe(
      `traefik_service_requests_total{service="shop-canary-${name}-http-80@kubernetesgateway",code=~"5.."}`,
    );
  });

  test("Envoy Gateway: the cluster of one backend Service, durations in milliseconds", () => {
    expect(of({ source: "envoy-gateway" })).toEqual({
      requests: `envoy_cluster_upstream_rq_xx{envoy_cluster_name=~"service/shop-canary/${name}/80(/[a-z0-9]+)?"}`,
      errors: `envoy_cluster_upstream_rq_xx{envoy_cluster_name=~"service/shop-canary/${name}/80(/[a-z0-9]+)?",envoy_response_code_class="5"}`,
      durationBuckets: `envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name=~"service/shop-canary/${name}/80(/[a-z0-9]+)?"}`,
      bucketUnit: "milliseconds",
    });
  });

  test("Istio: the Service as the gateway reports it, durations in milliseconds", () => {
    expect(of({ source: "istio" })).toMatchObject({
      errors: `istio_requests_total{reporter="source",destination_service_namespace="shop-canary",destination_service_name="${name}",response_code=~"5.."}`,
      bucketUnit: "milliseconds",
    });
  });

  test("the application: its own names, by the labels that its pods carry", () => {
    expect(of({ source: "application" }).errors).toBe(
      `http_requests_total{namespace="shop-canary",service="api",release="${next.id}",status=~"5.."}`,
    );
    const application = {
      requests: "rpc_total",
      statusLabel: "grpc_code",
      errorStatus: "Internal|Unavailable",
      durations: "rpc_seconds",
      labels: { app: "{{service}}", version: "{{version}}" },
    };
    expect(of({ source: "application", application })).toEqual({
      requests: `rpc_total{app="${name}",version="1.1.0"}`,
      errors: `rpc_total{app="${name}",version="1.1.0",grpc_code=~"Internal|Unavailable"}`,
      durationBuckets: `rpc_seconds_bucket{app="${name}",version="1.1.0"}`,
      bucketUnit: "seconds",
    });
  });

  test("the user's own", () => {
    const source = { requests: 'r{s="{{service}}"}', errors: { query: "e({{name}}, {{window}})" } };
    expect(of({ source })).toEqual({
      requests: `r{s="${name}"}`,
      errors: { query: "e(api, {{window}})" },
      durationBuckets: undefined,
      bucketUnit: "seconds",
    });
  });
});
