import { loadPolicies } from "../../config/load/policies";
import { aChannel } from "../gates/transitions";
import { messageOf, Project, problemsOf } from "./files";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

function load(text: string) {
  project.write("slo.yaml", text);
  return loadPolicies(project.folder, aChannel()).slo();
}

const objectives = "services:\n  api:\n    errorRate: {target: 0.01}\n";

describe("an SLO policy", () => {
  test("that is right is completed by its defaults", () => {
    expect(load(objectives)).toEqual({
      mode: "live",
      source: "traefik",
      application: {
        requests: "http_requests_total",
        statusLabel: "status",
        errorStatus: "5..",
        durations: "http_request_duration_seconds",
        labels: { namespace: "{{namespace}}", service: "{{name}}", release: "{{release}}" },
      },
      minimumRequests: 100,
      falseAlarm: 0.01,
      staleAfter: 60,
      warmUp: 0,
      stages: {},
      services: { api: { errorRate: { target: 0.01, marginOverBaseline: 0.005 }, latency: [] } },
    });
  });

  test("may name its own series", () => {
    const source = { requests: "r", errors: { query: "e" }, durationBuckets: "b" };
    expect(load(`source: ${JSON.stringify(source)}\n${objectives}`).source).toEqual({
      ...source,
      bucketUnit: "seconds",
    });
  });

  test("says availability or errors, which is the same", () => {
    const availability = "services:\n  api:\n    availability: {target: 0.99, marginOverBaseline: 0.01}\n";
    expect(load(availability).services).toEqual({
      api: { errorRate: { target: 0.01, marginOverBaseline: 0.01 }, latency: [] },
    });
  });

  test("may say otherwise by the weight of the candidate", () => {
    const { stages } = load(`${objectives}stages:\n  30: {minimumRequests: 1000, warmUp: 30s}\n`);
    expect(stages).toEqual({ 30: { minimumRequests: 1000, warmUp: 30 } });
  });

  test("may judge by the last part of the time, for all, one service, one weight, or one service at one weight", () => {
    const { window, services, stages } = load(
      "window: 10m\nservices: {api: {window: 5m, errorRate: {target: 0.01}}}\nstages: {30: {window: 1h, services: {api: {window: 90s, errorRate: {target: 0.01}}}}}\n",
    );
    expect([window, services.api?.window, stages[30]?.window, stages[30]?.services?.api?.window]).toEqual([
      600, 300, 3600, 90,
    ]);
  });

  test("with an error budget of 30 days has the workbook's pairs: burn rates of 14.4, 6, 3 and 1", () => {
    const { errorBudget } = load(`${objectives}errorBudget: {}\n`);
    expect(errorBudget?.period).toBe(30 * 86_400);
    const rates = errorBudget?.pairs.map(({ long, short, budgetShare }) => [
      long / 3600,
      short / 60,
      Number(((budgetShare * errorBudget.period) / long).toFixed(9)),
    ]);
    expect(rates).toEqual([
      [1, 5, 14.4],
      [6, 30, 6],
      [24, 120, 3],
      [72, 360, 1],
    ]);
  });

  test("that does not exist: the key to look at is named", () => {
    expect(messageOf(() => loadPolicies(project.folder, aChannel({ slo: "policy/slo.yaml" })).slo())).toMatch(
      /policy\/slo\.yaml: file not found;.*key channel\.slo/,
    );
  });

  test.each([
    [
      "services: {api: {errorRate: {target: 1}}}",
      ["slo.yaml:1:30", "services.api.errorRate.target", "found 1"],
    ],
    ["services: {api: {errorRate: {target: 0}}}", ["services.api.errorRate.target", "found 0"]],
    [
      "services: {api: {errorRate: {target: 1 %}}}",
      ["services.api.errorRate.target", 'found "1 %"', "expected a share between 0 and 1"],
    ],
    [
      "services: {api: {latency: [{withinSeconds: 0.3}]}}",
      ["slo.yaml:1:28", "services.api.latency.0.share", "found nothing"],
    ],
    [
      "services: {api: {errorRate: {target: 0.1}, latencies: []}}",
      ["slo.yaml:1:44", "services.api.latencies", "unknown key"],
    ],
    ["services: {api: {}}", ["slo.yaml:1:12", "services.api", "nothing to judge by"]],
    [
      `${objectives}stages:\n  30:\n    services: {api: {window: 10m}}`,
      ["slo.yaml:6:16", "stages.30.services.api", "nothing to judge by"],
    ],
    ["services: {}\nfalseAlarm: 0.5", ["slo.yaml:2:1", "falseAlarm", "found 0.5"]],
    ["services: {}\nminimumRequests: 0", ["slo.yaml:2:1", "minimumRequests", "found 0"]],
    [
      "services: {}\nsource: prometheus",
      ["slo.yaml:2:1", "source", 'found "prometheus"', "one of traefik, envoy-gateway, istio, application"],
    ],
    ["services: {}\nsource: {requests: a}", ["slo.yaml:2:1", "source.errors", "expected text"]],
    [
      "services: {api: {errorRate: {target: 0.1}, availability: {target: 0.9}}}",
      ["services.api.availability", "expected errorRate or availability, not both"],
    ],
    ["services: {}\nmode: quick", ["slo.yaml:2:1", "mode", "expected `quick: {reports, maxAge}`"]],
    ["services: {}\nerrorBudget: {}", ["slo.yaml:2:1", "errorBudget", "expected a service with errorRate"]],
    ["services: {}\nstages: {0: {}}", ["stages.0", "expected the candidate's weight, from 1 to 100"]],
    ["services: {}\nstages: {30: {minRequests: 5}}", ["stages.30.minRequests", "unknown key"]],
    [
      `${objectives}stages:\n  30:\n    services: {worker: {errorRate: {target: 0.1}}}`,
      [
        "slo.yaml:6:16",
        "stages.30.services.worker",
        'found "worker"',
        "expected a service that is in `services` too",
      ],
    ],
    [
      "source: {requests: r, errors: e}\nservices: {api: {latency: [{withinSeconds: 1, share: 0.9}]}}",
      ["slo.yaml:2:18", "services.api.latency", "expected source.durationBuckets"],
    ],
    [
      `${objectives}errorBudget: {pairs: [{long: 5m, short: 1h, budgetShare: 0.1}]}`,
      ["slo.yaml:4:", "errorBudget.pairs.0.short", "expected a window shorter than `long`"],
    ],
    [
      `${objectives}errorBudget: {period: 1d, pairs: [{long: 2d, short: 1h, budgetShare: 0.1}]}`,
      ["slo.yaml:4:", "errorBudget.pairs.0.long", "no longer than the period"],
    ],
    ["services: {}\napplication: {requests: 1bad}", ["application.requests", "expected a metric's name"]],
    ["services: {}\nwindow: 10", ["slo.yaml:2:1", "window", "expected a duration such as"]],
    ["services: {}\nwindow: 0s", ["slo.yaml:2:1", "window", "expected a window of at least 1s"]],
    ["services: {}\nlowTraffic: {holdFor: 2}", ["lowTraffic.holdFor", "expected a duration such as"]],
    ["minimumRequests: 5", ["slo.yaml", "services: found nothing"]],
  ] as const)("%s", (text, expected) => {
    const problems = problemsOf(() => load(text));
    expect(problems).toHaveLength(1);
    for (const part of expected) expect(problems[0]).toContain(part);
  });

  test("whose samples would always be too old is refused, for the channel whose scrapes they are", () => {
    project.write("slo.yaml", `${objectives}staleAfter: 30s\n`);
    const loadFor = (scrapeInterval: string) =>
      loadPolicies(
        project.folder,
        aChannel({ prometheus: { url: "http://127.0.0.1:9090", scrapeInterval } }),
      ).slo();
    expect(loadFor("29s").staleAfter).toBe(30);
    const [problem] = problemsOf(() => loadFor("30s"));
    expect(problem).toMatch(
      /^slo\.yaml:4:1 staleAfter: found "30s", expected more than channel\.prometheus\./,
    );
  });

  test("whose windows are too short for two samples is refused, wherever they are", () => {
    const text = [
      "window: 31s",
      "staleAfter: 60s",
      "services: {api: {window: 29s, errorRate: {target: 0.1}}}",
      "stages: {30: {window: 30s, services: {api: {window: 15s, errorRate: {target: 0.1}}}}, 100: {window: 1s}}",
    ].join("\n");
    project.write("slo.yaml", text);
    const channel = aChannel({ prometheus: { url: "http://127.0.0.1:9090", scrapeInterval: "15s" } });
    const problems = problemsOf(() => loadPolicies(project.folder, channel).slo());
    expect(problems.map((problem) => problem.split(": ")[0])).toEqual([
      "slo.yaml:3:18 services.api.window",
      "slo.yaml:4:45 stages.30.services.api.window",
      "slo.yaml:4:93 stages.100.window",
    ]);
    expect(problems[0]).toMatch(/found "29s", expected at least twice channel\.prometheus\.scrapeInterval/);
  });
});
