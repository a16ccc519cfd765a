import { observeBudget } from "../../observe/budget";
import { errorBudget } from "../../policies/gates/error-budget";
import { objectName } from "../../rollout/release";
import { aChannel, policy, transition } from "../gates/transitions";
import { at, old, recordOf, rolling, steady } from "../rollout/releases";
import { prometheusAnswering } from "./prometheus-stub";
import { Servers } from "./servers";
import { sourcesWith } from "./sources";

const servers = new Servers();
afterEach(() => servers.close());

const slo = policy(
  { api: { errorRate: { target: 0.01 } }, worker: { latency: [{ withinSeconds: 0.3, share: 0.9 }] } },
  { errorBudget: { pairs: [{ long: "1h", short: "5m", budgetShare: 0.02 }] } },
);
const start = { kind: "start", to: rolling(10), record: recordOf(steady()) } as const;
const labels = { traefik_service_requests_total: ["code", "service"] };

const observe = (url: string, more: Parameters<typeof sourcesWith>[0] = {}, step: object = {}) =>
  observeBudget({ ...start, ...step }, sourcesWith({ slo, channel: channelWith(url), ...more }));
const channelWith = (url: string) => aChannel({ prometheus: { url } });

const figures = (all: Record<string, string>) =>
  Object.entries(all).map(([figure, value]) => ({ labels: { figure }, value }));

describe("how fast the live release burns its budget", () => {
  test("is the share of errors over each window, in multiples of the target", async () => {
    const { url, queries } = await prometheusAnswering(
      servers,
      figures({
        "requests 3600": "10000",
        "errors 3600": "1500",
        "requests 300": "900.5",
        "errors 300": "9.005",
      }),
    );
    const observed = await observe(url);
    expect(observed).toEqual({
      status: "known",
      burns: [
        {
          service: "api",
          longWindowSeconds: 3600,
          shortWindowSeconds: 300,
          longBurn: expect.closeTo(15),
          shortBurn: expect.closeTo(1),
        },
      ],
    });
    expect(queries).toHaveLength(1);
    expect(queries[0]).toContain(
      `increase(traefik_service_requests_total{service="shop-canary-${objectName("api", old)}`,
    );
    expect(queries[0]).toMatch(/\[3600s\].* or .*\[300s\]/);
  });

  test("no errors are none, where the metric is known", async () => {
    const answer = figures({ "requests 3600": "10000", "requests 300": "900" });
    const { url } = await prometheusAnswering(servers, answer, labels);
    expect(await observe(url)).toMatchObject({ burns: [{ longBurn: 0, shortBurn: 0 }] });
    const unknown = await prometheusAnswering(servers, answer);
    expect(await observe(unknown.url)).toMatchObject({
      status: "unavailable",
      problem: expect.stringMatching(/not known to Prometheus/),
    });
  });

  test("no requests are known to be none; figures that are no numbers are told", async () => {
    const { url } = await prometheusAnswering(
      servers,
      figures({ "requests 3600": "0", "errors 3600": "0", "requests 300": "NaN", "errors 300": "1" }),
    );
    expect(await observe(url)).toMatchObject({ burns: [{ longBurn: null, shortBurn: Number.NaN }] });
  });

  test("a window without samples, or no Prometheus, says nothing", async () => {
    const { url } = await prometheusAnswering(
      servers,
      figures({ "requests 3600": "10", "errors 3600": "0" }),
    );
    expect(await observe(url)).toMatchObject({
      status: "unavailable",
      problem: expect.stringMatching(/no samples of api 1\.0\.0 over 300 s/),
    });
    expect(await observe(await servers.nowhere())).toMatchObject({ status: "unavailable" });
  });

  test("closes the gate by what was collected, and opens it again", async () => {
    const verdict = async (errors: string) => {
      const { url } = await prometheusAnswering(
        servers,
        figures({
          "requests 3600": "1000",
          "errors 3600": errors,
          "requests 300": "100",
          "errors 300": "20",
        }),
      );
      const budget = await observe(url);
      return errorBudget(
        transition({ kind: "start", from: steady(), to: rolling(10), slo, snapshot: { budget } }),
      ).status;
    };
    expect([await verdict("150"), await verdict("140")]).toEqual(["fail", "pass"]);
  });
});

test.each([
  ["an advance", { kind: "advance" }, {}],
  ["a channel without a metrics source", {}, { channel: aChannel() }],
  ["a policy without an error budget", {}, { slo: policy() }],
])("nothing is asked of %s", async (_, step, more) => {
  const { url, queries } = await prometheusAnswering(servers, []);
  expect(await observe(url, { now: new Date(at(0)), ...more }, step)).toEqual({ status: "not-configured" });
  expect(queries).toEqual([]);
});
