import { stringify } from "yaml";
import { observePromotion } from "../../observe/promotion";
import { promotion } from "../../policies/gates/promotion";
import type { ChannelRecord } from "../../rollout/record";
import { objectName, resolveRelease } from "../../rollout/release";
import { Project } from "../config/files";
import { aChannel, transition } from "../gates/transitions";
import { aFile, at, completed, next, old, recordOf, rolling, steady, third } from "../rollout/releases";
import { prometheusKnowing, type Samples } from "./prometheus-stub";
import { Servers } from "./servers";
import { sourcesWith } from "./sources";

const at0 = Date.parse(at(0)) / 1000;
const day = 86_400;
const servers = new Servers();
let project: Project;
beforeEach(() => {
  project = new Project();
  project.write("Pulumi.yaml", "name: release-channels\n");
  project.write("slo.yaml", stringify(objectives()));
});
afterEach(async () => {
  project.remove();
  await servers.close();
});

const objectives = (more: object = {}) => ({ services: { api: { errorRate: { target: 0.01 } } }, ...more });

/** The other channel's file. */
function canaryIs(more: object = {}): void {
  const section = {
    product: "shop",
    namespace: "shop-canary",
    releases: "releases",
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
    services: { api: { env: { BANNER: "canary" } }, worker: {} },
    ...more,
  };
  const config = { "release-channels:version": "1.1.0", "release-channels:channel": section };
  project.write("Pulumi.canary.yaml", stringify({ config }));
}

const counting = (requests: Samples, errors: Samples, of = next) => {
  const service = objectName("api", of);
  const known: Parameters<typeof prometheusKnowing>[1] = [
    [[service, "code=~"], [{ values: errors }]],
    [[service, "_bucket"], []],
    [[service], [{ values: requests }]],
  ];
  return prometheusKnowing(servers, known);
};

const completions = [{ version: next.version, hash: next.hash, at: at(0) }];
const atIt = recordOf(completed(), { completed: completions });
const channel = aChannel({ namespace: "shop-stable", promotion: { from: "canary", greenFor: "24h" } });

/** What is collected, and what the gate says to it. */
async function observe(record: ChannelRecord | null = atIt, now = day, lane: "train" | "hotfix" = "train") {
  const step = { kind: "start", to: rolling(10), record: recordOf(steady()) } as const;
  const asked: string[] = [];
  const sources = sourcesWith({
    channel,
    channelName: "stable",
    projectDir: project.folder,
    readMemory: async (stack) => {
      asked.push(stack);
      return { intent: null, record };
    },
    now: new Date(at(now)),
  });
  sources.settings.lane = lane;
  const seen = await observePromotion(step, sources);
  const input = transition({ ...step, channel, snapshot: { takenAt: at(now), promotion: seen } });
  return { seen, asked, verdict: promotion(input) };
}

const always = (count: number): Samples => [
  [at0 - 5, "0"],
  [at0 + day - 1, String(count)],
];

test("the other channel's own release is counted, by its own namespace, policy and metrics source", async () => {
  const { url, queries } = await counting(always(2000), always(4));
  canaryIs({ prometheus: { url, scrapeInterval: "15s" } });
  const { seen, asked, verdict } = await observe();
  expect(asked).toEqual(["canary"]);
  expect(seen).toMatchObject({
    health: {
      status: "known",
      services: { api: { candidate: { requests: 2000, errors: 4 }, baseline: null, problem: null } },
      incidents: { status: "not-configured" },
    },
  });
  for (const query of queries) expect(query).toContain(`shop-canary-${objectName("api", next)}-http-80`);
  expect(queries[0]).toContain(`[${day - 15 + 60}s]`);
  expect(verdict).toMatchObject({
    status: "pass",
    reason: expect.stringContaining("0.20 % errors (4 of 2000)"),
  });
});

test("a channel that fails with all of its traffic at the release is found out", async () => {
  const { url } = await counting(always(2000), always(200));
  canaryIs({ prometheus: { url } });
  expect((await observe()).verdict).toMatchObject({
    status: "fail",
    reason: expect.stringContaining("is not green: api: 10.0 % errors (200 of 2000)"),
  });
});

test.each([
  ["all since it was completed", 600, 600 - 15 + 60],
  ["the last of it, for as long as it has to be green", 10 * day, day + 60],
])("what is counted is %s", async (_, now, range) => {
  const { url, queries } = await counting([[at0 - 5, "0"]], [[at0 - 5, "0"]]);
  canaryIs({ prometheus: { url, scrapeInterval: "15s" } });
  await observe(atIt, now);
  expect(queries[0]).toContain(`[${range}s]`);
});

test("or the window of its own policy", async () => {
  const { url, queries } = await counting([[at0 - 5, "0"]], [[at0 - 5, "0"]]);
  project.write("slo.yaml", stringify(objectives({ window: "10m" })));
  canaryIs({ prometheus: { url, scrapeInterval: "15s" } });
  await observe();
  expect(queries[0]).toContain("[660s]");
});

describe("a channel that has gone on", () => {
  const ofCanary = resolveRelease(aFile("1.1.0"), { api: { BANNER: "canary" } });
  const left = (seconds: number): ChannelRecord =>
    recordOf(steady(third), {
      completed: [{ version: ofCanary.version, hash: ofCanary.hash, at: at(0) }],
      history: [
        {
          transition: { id: "t9", kind: "advance", at: at(seconds) },
          from: { version: "1.2.0", weight: 30 },
          to: { version: "1.2.0", weight: 100 },
          actor: "ann",
          reason: null,
        },
      ],
    });

  test("is asked of the time until then, of the release as its file and overlay make it", async () => {
    const until = 2 * day;
    const { url, queries } = await counting(
      [
        [at0 - 5, "0"],
        [at0 + until - 5, "2000"],
      ],
      [[at0 - 5, "0"]],
      ofCanary,
    );
    project.write("releases/1.1.0.yaml", stringify(aFile("1.1.0")));
    canaryIs({ prometheus: { url, scrapeInterval: "15s" } });
    const { seen, verdict } = await observe(left(until), 9 * day);
    expect(seen).toMatchObject({
      health: { services: { api: { window: { to: at(until) }, candidate: { requests: 2000 } } } },
    });
    expect(queries[0]).toContain(ofCanary.id);
    expect(verdict).toMatchObject({ status: "pass", reason: expect.stringContaining("served it until") });
  });

  test("is not known to be green without the release's file", async () => {
    canaryIs({ prometheus: { url: await servers.nowhere() } });
    expect((await observe(left(2 * day), 9 * day)).verdict).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/is not sure: .*releases\/1\.1\.0\.yaml: file not found/),
    });
  });
});

describe("what holds, and says so", () => {
  const held = (reason: RegExp) => ({ status: "hold", reason: expect.stringMatching(reason) });

  test("no file of the other channel", async () => {
    expect((await observe()).verdict).toMatchObject(
      held(/Pulumi\.canary\.yaml: file not found; .*\(key channel\.promotion\.from\)/),
    );
  });

  test("one that is not valid", async () => {
    canaryIs({ namespace: 5 });
    expect((await observe()).verdict).toMatchObject(
      held(/Pulumi\.canary\.yaml:\d+.* channel\.namespace: found 5/),
    );
  });

  test("no policy of the other channel", async () => {
    canaryIs({ slo: "gone.yaml" });
    expect((await observe()).verdict).toMatchObject(held(/gone\.yaml: file not found/));
  });

  test("a metrics source that is away", async () => {
    canaryIs({ prometheus: { url: await servers.nowhere() } });
    expect((await observe()).verdict).toMatchObject(held(/api: no figures: Prometheus at .* cannot be read/));
  });

  test("samples that do not reach back", async () => {
    const { url } = await counting([[at0 + day - 1, "2000"]], [[at0 + day - 1, "0"]]);
    canaryIs({ prometheus: { url } });
    expect((await observe()).verdict).toMatchObject(held(/do not reach back/));
  });

  test("a source of incidents that is away", async () => {
    canaryIs({ incidents: { file: "incidents.yaml" } });
    expect((await observe()).verdict).toMatchObject(held(/not all is known of incidents: .*incidents\.yaml/));
  });
});

test("an incident of the other channel counts, one of this does not", async () => {
  canaryIs({ incidents: { file: "incidents.yaml" } });
  const openIn = (name: string) =>
    project.write(
      "incidents.yaml",
      stringify({
        incidents: [{ id: "INC-7", severity: "P1", title: "Lost", openedAt: at(100), channels: [name] }],
      }),
    );
  openIn("canary");
  expect((await observe()).verdict).toMatchObject({
    status: "fail",
    reason: expect.stringContaining("INC-7 is open"),
  });
  openIn("stable");
  expect((await observe()).verdict.status).toBe("pass");
});

test("a load-probe report stands for its figures, where its policy says so", async () => {
  const quick = { mode: "quick", quick: { reports: "probes/{{channel}}-{{version}}.json" } };
  project.write("slo.yaml", stringify(objectives(quick)));
  canaryIs();
  const services = { api: { requests: 500, errors: 250 } };
  const report = { producedAt: at(day - 60), candidate: { version: "1.1.0", hash: next.hash, services } };
  project.write("probes/canary-1.1.0.json", JSON.stringify(report));
  expect((await observe()).verdict).toMatchObject({
    status: "fail",
    reason: expect.stringContaining("api: 50.0 % errors (250 of 500)"),
  });
});

test.each<[string, ChannelRecord | null, "train" | "hotfix"]>([
  ["never completed it", recordOf(completed(), { completed: [] }), "train"],
  ["completed another file of it", recordOf(steady(old)), "train"],
  ["has no record", null, "train"],
  ["is not asked, because it is a hotfix", atIt, "hotfix"],
])("nothing else is read where the other channel %s", async (_, record, lane) => {
  expect((await observe(record, day, lane)).seen).toEqual({
    status: "known",
    record,
    health: { status: "not-configured" },
  });
});
