import { parse } from "yaml";
import { loadStackConfiguration, type RawConfiguration } from "../../config/load/stack";
import { messageOf, Project, problemsOf } from "./files";

const good = `config:
  release-channels:version: 1.1.0
  release-channels:channel:
    product: shop
    namespace: shop-canary
    gateway:
      name: shared
      namespace: gateway
      hostnames: [canary.shop.localhost]
      url: http://127.0.0.1:18080
    services:
      api: {replicas: 2}
`;

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

/** The stack's values as Pulumi hands them to the program: scalars as text, objects as JSON. */
function asPulumiDoes(text: string): RawConfiguration {
  const { config } = parse(text, { schema: "failsafe" }) as { config: Record<string, unknown> };
  const typed = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(typed.config[key]),
    ]),
  );
}

function load(text: string) {
  project.write("Pulumi.canary.yaml", text);
  return loadStackConfiguration(asPulumiDoes(text), "release-channels", "canary", project.folder);
}

const complaints = (text: string) => problemsOf(() => load(text));
const replaced = (from: string, to: string) => complaints(good.replace(from, to));
const inChannel = (line: string) => complaints(`${good}    ${line}\n`);
const setting = (line: string) =>
  complaints(good.replace("config:\n", `config:\n  release-channels:${line}\n`));

describe("a channel's configuration", () => {
  test("that is right is completed by its defaults", () => {
    const { settings, channel } = load(good);
    expect(settings).toEqual({
      version: "1.1.0",
      stage: "auto",
      attempt: 1,
      lane: "train",
      strictHold: false,
    });
    expect(channel).toMatchObject({
      releases: "releases",
      slo: "slo.yaml",
      stages: [10, 30, 100],
      gateway: { releaseHeader: "x-release" },
      services: { api: { replicas: 2, env: {}, secrets: {}, resources: { limits: { memory: "512Mi" } } } },
      migrations: { deadline: 120, secrets: {} },
      observation: { for: 1800, stages: {} },
      rollbackWindow: 86400,
      readyWithin: 120,
      confirmWithin: 60,
      drain: 5,
    });
    expect(channel.promotion).toBeUndefined();
    expect(channel.prometheus).toBeUndefined();
  });

  test.each([
    ["stage: hold", { stage: "hold" }],
    ["stage: auto", { stage: "auto" }],
    ["stage: 30", { stage: 30 }],
    ["attempt: 2", { attempt: 2 }],
    ["strictHold: true", { strictHold: true }],
    ["reason: errors in the shop", { reason: "errors in the shop" }],
  ])("%s", (line, expected) => {
    expect(load(good.replace("config:\n", `config:\n  release-channels:${line}\n`)).settings).toMatchObject(
      expected,
    );
  });

  test("keys of other projects are of no concern", () => {
    expect(load(`${good}  kubernetes:namespace: other\n`).settings.version).toBe("1.1.0");
  });

  test("quantities may be written as numbers", () => {
    const { channel } = load(
      good.replace("{replicas: 2}", "{resources: {requests: {cpu: 1, memory: 64Mi}}}"),
    );
    expect(channel.services.api?.resources).toEqual({ requests: { cpu: "1", memory: "64Mi" } });
  });

  test("that is missing altogether: the key is named", () => {
    const problems = complaints("config:\n  release-channels:version: 1.1.0\n");
    expect(problems).toEqual([
      expect.stringMatching(
        /^Pulumi\.canary\.yaml channel: found nothing, expected the key release-channels:channel/,
      ),
    ]);
  });

  test("without a version", () => {
    const problems = replaced("  release-channels:version: 1.1.0\n", "");
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^Pulumi\.canary\.yaml:1:1 version: found nothing, expected/);
  });

  test("that is not an object", () => {
    for (const [value, found] of [
      ["shop", '"shop"'],
      ["5", "5"],
      ["[1]", "[1]"],
      ["true", "true"],
    ]) {
      const problems = complaints(
        `config:\n  release-channels:version: 1.1.0\n  release-channels:channel: ${value}\n`,
      );
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain("Pulumi.canary.yaml:3:3");
      expect(problems[0]).toContain(`found ${found}, expected a mapping`);
    }
  });

  test("whose file stands elsewhere is still checked, only without lines", () => {
    const raw = asPulumiDoes(good.replace("1.1.0", "latest"));
    expect(
      messageOf(() => loadStackConfiguration(raw, "release-channels", "elsewhere", project.folder)),
    ).toMatch(
      /^the stack's configuration is not valid\.\n +the stack's configuration version: found "latest", expected a semantic version/,
    );
  });
});

describe("stages", () => {
  test.each([
    ["stages: [0, 100]", [":13:14 ", "stages.0", "found 0", "from 1 to 100"]],
    ["stages: [-5, 100]", [":13:14 ", "stages.0", "found -5", "from 1 to 100"]],
    ["stages: [12.5, 100]", [":13:14 ", "stages.0", "found 12.5", "expected a whole number from 1 to 100"]],
    ["stages: [ten, 100]", [":13:14 ", "stages.0", 'found "ten"', "expected a whole number from 1 to 100"]],
    ["stages: [30, 10, 100]", [":13:18 ", "stages.1", "found 10", "ascending order: more than 30"]],
    ["stages: [10, 10, 100]", [":13:18 ", "stages.1", "found 10", "ascending order: more than 10"]],
    ["stages: [10, 30]", [":13:18 ", "stages.1", "found 30", "expected the last stage to be 100"]],
    ["stages: 10", [":13:5 ", "stages", "found 10", "expected a list"]],
  ] as const)("%s", (line, expected) => {
    const problems = inChannel(line);
    expect(problems).toHaveLength(1);
    for (const part of ["Pulumi.canary.yaml", ...expected]) expect(problems[0]).toContain(part);
  });

  test("a weight out of range is one mistake, not two", () => {
    expect(inChannel("stages: [10, 130, 100]")).toEqual([
      expect.stringMatching(/:13:18 (channel\.)?stages\.1: found 130, expected a whole number from 1 to 100/),
    ]);
  });

  test("none: one message, that names the list", () => {
    const problems = inChannel("stages: []");
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/:13:5 (channel\.)?stages: found \[\],/);
  });
});

describe("the settings that change per release", () => {
  test.each([
    ["stage: halt", [":2:3 ", "stage", 'found "halt"', "expected auto, hold or a weight such as 30"]],
    ["stage: 0", ["stage", "found 0", "expected a weight from 1 to 100"]],
    ["stage: 101", ["stage", "found 101", "expected a weight from 1 to 100"]],
    ["stage: 30.5", ["stage", 'found "30.5"', "expected auto, hold or a weight such as 30"]],
    ["attempt: 0", ["attempt", "expected 1 or more"]],
    ["attempt: 1.5", ["attempt", "expected a whole number"]],
    ["attempt: again", ["attempt", "expected a number"]],
    ["strictHold: maybe", ["strictHold", 'found "maybe"', "expected true or false"]],
    ["verison: 1.0.0", [":2:3 ", "verison", "unknown key"]],
  ] as const)("%s", (line, expected) => {
    const problems = setting(line);
    expect(problems).toHaveLength(1);
    for (const part of ["Pulumi.canary.yaml", ...expected]) expect(problems[0]).toContain(part);
  });

  test.each(["v1.1.0", "1.1", "latest", "1.1.0+build"])("version: %s", (version) => {
    const problems = replaced("version: 1.1.0", `version: "${version}"`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toBe(
      `Pulumi.canary.yaml:2:3 version: found ${JSON.stringify(version)}, expected a semantic version such as 1.2.3`,
    );
  });
});

describe("the channel's section", () => {
  test.each([
    ["rolbackWindow: 24h", [":13:5 ", "rolbackWindow", "unknown key"]],
    [
      "rollbackWindow: soon",
      [":13:5 ", "rollbackWindow", 'found "soon"', "expected a duration such as 30s, 5m, 24h or 7d"],
    ],
    ["rollbackWindow: 3600", [":13:5 ", "rollbackWindow", "found 3600"]],
    ["rollbackWindow: -5m", ["rollbackWindow", 'found "-5m"', "expected a duration"]],
    ["observation: {for: 30 min}", [":13:19 ", "observation.for", 'found "30 min"', "expected a duration"]],
    ["observation: {requests: 0}", [":13:19 ", "observation.requests", "found 0"]],
    ["observation: {stages: {20: {for: 5m}}}", [":13:28 ", "observation.stages.20", "10, 30, 100"]],
    ["promotion: {greenFor: 1h}", [":13:5 ", "promotion.from", "found nothing"]],
    ["prometheus: {url: localhost:9090}", [":13:18 ", "prometheus.url", 'found "localhost:9090"']],
    ["context: ''", [":13:5 ", "context", 'found ""']],
    ["plugins: {orders: ^2.1.0}", [":13:15 ", "plugins.orders", 'found "^2.1.0"', "semantic version"]],
    ["peers: {billing: none}", [":13:13 ", "peers.billing", 'found "none"', "semantic version"]],
    ["dataOf: {1.0.0: {writes: 1}}", [":13:14 ", "dataOf.1.0.0.reads", "found nothing"]],
    ["dataOf: {1.0: {writes: 1, reads: [1]}}", [":13:14 ", "dataOf.1"]],
  ] as const)("%s", (line, expected) => {
    const problems = inChannel(line);
    expect(problems).toHaveLength(1);
    for (const part of ["Pulumi.canary.yaml", ...expected]) expect(problems[0]).toContain(part);
  });

  test.each([
    [
      "namespace: shop-canary\n",
      "namespace: Shop_Canary\n",
      [":5:5 ", "namespace", 'found "Shop_Canary"', "lower-case letters"],
    ],
    ["      name: shared\n", "", [":6:5 ", "gateway.name", "found nothing", "expected text"]],
    ["hostnames: [canary.shop.localhost]", "hostnames: []", [":9:7 ", "gateway.hostnames", "found []"]],
    [
      "hostnames: [canary.shop.localhost]",
      "hostnames: [http://shop]",
      [":9:19 ", "gateway.hostnames.0", "expected a host name"],
    ],
    ["http://127.0.0.1:18080", "127.0.0.1:18080", [":10:7 ", "gateway.url", 'found "127.0.0.1:18080"']],
    ["{replicas: 2}", "{replicas: 0}", [":12:13 ", "services.api.replicas", "found 0"]],
    [
      "{replicas: 2}",
      "{replicas: two}",
      [":12:13 ", "services.api.replicas", 'found "two"', "expected a number"],
    ],
    [
      "{replicas: 2}",
      "{env: {LIMIT: 5}}",
      [":12:19 ", "services.api.env.LIMIT", "found 5", "put it in quotes"],
    ],
    [
      "{replicas: 2}",
      "{secrets: {URL: {name: shop}}}",
      [":12:23 ", "services.api.secrets.URL.key", "found nothing"],
    ],
    ["{replicas: 2}", "{secret: {}}", [":12:13 ", "services.api.secret", "unknown key"]],
  ] as const)("%s → %s", (from, to, expected) => {
    const problems = replaced(from, to);
    expect(problems).toHaveLength(1);
    for (const part of ["Pulumi.canary.yaml", ...expected]) expect(problems[0]).toContain(part);
  });

  test.each([
    ["", "", null],
    ["capacity: lean", "", null],
    ["capacity: lean", "surge: 70%", null],
    ["capacity: lean", "surge: 7", null],
    ["", "surge: 100%", null],
    [
      "",
      "surge: 50%",
      'found "50%", expected 10 pods or more: before api goes to 100 %, 10 of the candidate are ready beside 10 of the baseline, and its size is 10. Raise it, or choose `capacity: lean`',
    ],
    [
      "capacity: lean",
      "surge: 6",
      "found 6, expected 7 pods or more: before api goes to 100 %, 10 of the candidate are ready beside 7 of the baseline, and its size is 10. Raise it, or put a stage below it",
    ],
    ["capacity: lean", "surge: 60%", "expected 7 pods or more: before api goes to 100 %"],
    ["capacity: lean\n    stages: [10, 30, 60, 100]", "surge: 40%", null],
    [
      "capacity: lean\n    cohorts: {shops: {query: {name: shop, value: '17'}}}",
      "surge: 80%",
      "expected 10 pods or more: before api goes to 10 %, 10 of the candidate are ready beside 10 of the baseline, and its size is 10. Raise it, or let no cohort be in force",
    ],
    [
      "capacity: lean\n    cohorts: {shops: {query: {name: shop, value: '17'}, from: 30}}",
      "surge: 80%",
      "9 pods",
    ],
    [
      "capacity: lean\n    cohorts: {shops: {query: {name: shop, value: '17'}, from: 30}}",
      "surge: 90%",
      null,
    ],
    ["capacity: frugal", "", "expected full or lean"],
    ["", "surge: a few", "expected a number of pods, or a share of a service's size such as 50%"],
    ["", "surge: 0", "expected a number of pods, or a share of a service's size such as 50%"],
  ])("%s %s: %s", (capacity, surge, expected) => {
    const lines = [capacity, surge].filter((line) => line !== "").map((line) => `    ${line}\n`);
    const text = `${good.replace("replicas: 2", "replicas: 10")}${lines.join("")}`;
    if (expected === null) load(text);
    else expect(complaints(text)).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ["{autoscaling: {minReplicas: 2, maxReplicas: 9, cpuUtilization: 70}}", null],
    [
      "{replicas: 2, autoscaling: {minReplicas: 2, maxReplicas: 9, cpuUtilization: 70}}",
      "expected either `replicas` or `autoscaling`, not both",
    ],
    [
      "{autoscaling: {minReplicas: 4, maxReplicas: 3, cpuUtilization: 70}}",
      "services.api.autoscaling.maxReplicas: found 3, expected minReplicas, 4, or more",
    ],
    [
      "{autoscaling: {minReplicas: 1, maxReplicas: 3, cpuUtilization: 70}, resources: {limits: {cpu: 1}}}",
      "expected `resources.requests.cpu` beside it, which `cpuUtilization` is a share of",
    ],
  ])("a size that is found: %s", (service, expected) => {
    const text = good.replace("{replicas: 2}", service);
    if (expected === null) load(text);
    else expect(complaints(text)).toEqual([expect.stringContaining(expected)]);
  });

  test("every problem says what is expected, in words", () => {
    const lines = [
      "context: ''",
      "rollbackWindow: 3600",
      "prometheus: {url: localhost:9090}",
      "observation: {requests: 0}",
    ];
    for (const line of lines) expect(inChannel(line)[0]).toContain("expected");
  });
});
