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
      source: "traefik",
      minimumRequests: 100,
      falseAlarm: 0.01,
      staleAfter: 60,
      services: { api: { errorRate: { target: 0.01, marginOverBaseline: 0.005 }, latency: [] } },
    });
  });

  test("may name its own series", () => {
    const source = { requests: "r", errors: "e", durationBuckets: "b" };
    expect(load(`source: ${JSON.stringify(source)}\n${objectives}`).source).toEqual(source);
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
      ["services.api.errorRate.target", 'found "1 %"', "expected number"],
    ],
    [
      "services: {api: {latency: [{withinSeconds: 0.3}]}}",
      ["slo.yaml:1:28", "services.api.latency.0.share", "found nothing"],
    ],
    ["services: {api: {latencies: []}}", ["slo.yaml:1:18", "services.api.latencies", "unknown key"]],
    ["services: {}\nfalseAlarm: 0.5", ["slo.yaml:2:1", "falseAlarm", "found 0.5"]],
    ["services: {}\nminimumRequests: 0", ["slo.yaml:2:1", "minimumRequests", "found 0"]],
    ["services: {}\nsource: prometheus", ["slo.yaml:2:1", "source", 'found "prometheus"']],
    ["services: {}\nsource: {requests: a}", ["slo.yaml:2:1", "source.errors", "expected string"]],
    ["minimumRequests: 5", ["slo.yaml", "services: found nothing"]],
  ] as const)("%s", (text, expected) => {
    const problems = problemsOf(() => load(text));
    expect(problems).toHaveLength(1);
    for (const part of expected) expect(problems[0]).toContain(part);
  });
});
