import { parse } from "yaml";
import { loadStackConfiguration } from "../../config/load/stack";
import { cohortsOf } from "../../rollout/cohorts";
import { Project, problemsOf } from "./files";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const stackFile = (cohorts: string, more = "") => `config:
  release-channels:version: 1.1.0
  release-channels:channel:
    product: shop
    namespace: shop-canary
    gateway: {name: shared, namespace: gateway, hostnames: [h], url: "http://127.0.0.1:1"}
    services: {}${more}
    cohorts: ${cohorts}
`;

function load(text: string) {
  project.write("Pulumi.canary.yaml", text);
  const { config } = parse(text) as { config: Record<string, unknown> };
  const raw = {
    "release-channels:version": "1.1.0",
    "release-channels:channel": JSON.stringify(config["release-channels:channel"]),
  };
  return loadStackConfiguration(raw, "release-channels", "canary", project.folder).channel;
}

const complaints = (cohorts: string, more?: string) => problemsOf(() => load(stackFile(cohorts, more)));

describe("cohorts", () => {
  test("are none unless some are named", () => {
    expect(load(stackFile("{}")).cohorts).toEqual({});
  });

  test("are read in all their forms, in the order of their names", () => {
    const { cohorts } = load(
      stackFile(`
      testers: {header: {name: x-tester, value: "1"}}
      berlin: {cookie: {name: region, value: berlin}, query: [{name: shop, value: "17"}], from: 30}
      shops: {anyOf: [{header: [{name: X-Shop, pattern: "b-[0-9]+", example: b-1}]}, {query: {name: shop, value: a}}]}`),
    );
    expect(cohortsOf(cohorts)).toEqual([
      {
        name: "berlin",
        from: 30,
        anyOf: [
          {
            headers: [],
            query: [{ name: "shop", value: "17" }],
            cookies: [{ name: "region", value: "berlin" }],
          },
        ],
      },
      {
        name: "shops",
        from: 1,
        anyOf: [
          { headers: [{ name: "X-Shop", value: "b-1", pattern: "b-[0-9]+" }], query: [], cookies: [] },
          { headers: [], query: [{ name: "shop", value: "a" }], cookies: [] },
        ],
      },
      {
        name: "testers",
        from: 1,
        anyOf: [{ headers: [{ name: "x-tester", value: "1" }], query: [], cookies: [] }],
      },
    ]);
  });

  const header = (more: string) => `{a: {header: {name: x-a, ${more}}}}`;
  const many = (count: number, one: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => one(index)).join(", ");

  test.each<[string, string, RegExp]>([
    ["a name of other signs", "{Testers: {query: {name: a, value: b}}}", /cohorts\.Testers: .*lower-case/],
    ["no condition", "{a: {}}", /cohorts\.a: .*expected `header`, `query` or `cookie`/],
    ["no alternative", "{a: {anyOf: []}}", /cohorts\.a\.anyOf/],
    ["an empty alternative", "{a: {anyOf: [{}]}}", /cohorts\.a\.anyOf\.0: .*expected `header`/],
    [
      "conditions beside alternatives",
      "{a: {anyOf: [{query: {name: a, value: b}}], query: {name: c, value: d}}}",
      /cohorts\.a\.query: .*in each of `anyOf`/,
    ],
    ["an unknown key", "{a: {headers: {}, query: {name: a, value: b}}}", /cohorts\.a\.headers: unknown key/],
    [
      "a number as value",
      header("value: 1"),
      /cohorts\.a\.header\.value: found 1, expected text: put it in quotes/,
    ],
    [
      "a bad header name",
      '{a: {header: {name: "x a", value: "1"}}}',
      /header\.name: found "x a", expected a header name/,
    ],
    ["a cookie as header", "{a: {header: {name: Cookie, value: a}}}", /header\.name: .*under `cookie`/],
    ["a header of the connection", "{a: {header: {name: Host, value: a}}}", /belongs to the connection/],
    ["the probes' own header", "{a: {header: {name: X-Probe, value: a}}}", /marks the probes/],
    ["a backtick", header('value: "a`b"'), /without `/],
    ["a header of two lines", header('value: "a\\nb"'), /printable ASCII/],
    ["neither value nor pattern", header("example: b"), /header\.value: .*expected `value`, or `pattern`/],
    ["both value and pattern", header("value: a, pattern: a, example: a"), /either `value` or `pattern`/],
    [
      "a pattern without example",
      header("pattern: a+"),
      /header\.example: .*expected a value that the pattern takes/,
    ],
    ["an example that is not whole", header("pattern: a+, example: aab"), /header\.example: found "aab"/],
    ["a pattern that is none", header('pattern: "a)|(b", example: a'), /header\.pattern: .*reads alike/],
    ["a pattern that looks ahead", header('pattern: "(?=a)a", example: a'), /only \(\?:/],
    ["a pattern that refers back", header('pattern: "(a)\\\\1", example: aa'), /after a backslash/],
    ["too many repetitions", header('pattern: "a{1001}", example: a'), /repetitions below 1000/],
    [
      "a header named twice",
      '{a: {header: [{name: x-a, value: "1"}, {name: X-A, value: "2"}]}}',
      /cohorts\.a\.header\.1: .*x-a once/,
    ],
    [
      "two cookies",
      "{a: {cookie: [{name: a, value: b}, {name: c, value: d}]}}",
      /cohorts\.a\.cookie\.1: .*expected one cookie/,
    ],
    [
      "a cookie's value with ;",
      '{a: {cookie: {name: a, value: "b;c"}}}',
      /cookie\.value: .*expected a cookie's value/,
    ],
    [
      "a query that has to be encoded",
      '{a: {query: {name: a, value: "b&c"}}}',
      /query\.value: .*letters, digits/,
    ],
    [
      "a stage that there is not",
      "{a: {query: {name: a, value: b}, from: 20}}",
      /cohorts\.a\.from: found 20, expected one of `stages` below 100: 10, 30/,
    ],
    ["the last stage", "{a: {query: {name: a, value: b}, from: 100}}", /cohorts\.a\.from: found 100/],
    [
      "the same twice",
      '{a: {header: {name: X-A, value: "1"}}, b: {header: {name: x-a, value: "1"}}}',
      /cohorts\.b: .*other conditions than those of a/,
    ],
    [
      "the same twice in one",
      "{a: {anyOf: [{query: {name: a, value: b}}, {query: {name: a, value: b}}]}}",
      /cohorts\.a\.anyOf\.1: .*those of a/,
    ],
    [
      "too many cohorts",
      `{${many(10, (index) => `c${index}: {query: {name: a, value: v${index}}}`)}}`,
      /cohorts: found 10, expected at most 9/,
    ],
    [
      "too many headers",
      `{a: {header: [${many(17, (index) => `{name: h${index}, value: v}`)}]}}`,
      /cohorts\.a\.header: found 17, expected at most 16/,
    ],
    [
      "too many alternatives",
      `{a: {anyOf: [${many(65, (index) => `{query: {name: a, value: v${index}}}`)}]}}`,
      /cohorts\.a\.anyOf/,
    ],
    [
      "too many alternatives in all",
      `{${many(2, (cohort) => `c${cohort}: {anyOf: [${many(64, (index) => `{query: {name: a, value: v${cohort}-${index}}}`)}]}`)}}`,
      /cohorts: found 128, expected at most 127 alternatives/,
    ],
  ])("are refused with %s", (_, cohorts, expected) => {
    expect(complaints(cohorts)).toEqual([expect.stringMatching(expected)]);
    expect(complaints(cohorts)[0]).toMatch(/^Pulumi\.canary\.yaml:8:\d+ channel\./);
  });

  test("affinity is a cookie, or nothing", () => {
    const gateway = (affinity: string) =>
      stackFile("{}").replace("hostnames: [h]", `hostnames: [h], affinity: ${affinity}`);
    expect(load(gateway("cookie")).gateway.affinity).toBe("cookie");
    expect(problemsOf(() => load(gateway("ip")))).toEqual([
      expect.stringMatching(/gateway\.affinity.*cookie/),
    ]);
  });
});
