import { channelSection } from "../../config/schemas/channel";
import { observeGateway, observeTraffic } from "../../observe/traffic";
import type { Position } from "../../rollout/record";
import { steady } from "../rollout/releases";
import { type ClusterObjects, clusterWith, programmedGateway, routeOf } from "./cluster";

const section = (gateway: object = {}) =>
  channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    services: {},
    gateway: {
      name: "shared",
      namespace: "gateway",
      listener: "web",
      hostnames: ["h"],
      url: "http://127.0.0.1:1",
      ...gateway,
    },
  });
const sources = (objects: ClusterObjects, gateway?: object) => ({
  cluster: clusterWith(objects),
  channelName: "canary",
  channel: section(gateway),
  projectDir: "/nowhere",
});
const live = (objects: ClusterObjects) => observeTraffic(sources(objects));
const problem = async (objects: ClusterObjects, gateway = {}, to: Position = steady()) =>
  (await observeGateway(sources(objects, gateway), to)).problem;

describe("the live weights", () => {
  test("are shares of the releases, by service", async () => {
    const routes = [
      routeOf("api", { "api-1-0-0-aaaaaaaa": 90, "api-1-1-0-bbbbbbbb": 10 }),
      routeOf("web", { "web-1-0-0-aaaaaaaa": 100 }),
    ];
    expect((await live({ routes })).routes).toEqual({
      api: { "1-0-0-aaaaaaaa": 90, "1-1-0-bbbbbbbb": 10 },
      web: { "1-0-0-aaaaaaaa": 100 },
    });
  });

  test("are unread where one kind of routes may not be listed", async () => {
    const routes = [routeOf("api", { "api-old": 90, "api-new": 10 })];
    expect(await live({ routes, grpcRoutesForbidden: true })).toMatchObject({
      routes: {},
      unread: expect.stringContaining("does not let this user read GRPCRoutes in shop-canary (HTTP 403)"),
    });
  });

  test("set by hand on another scale are still shares", async () => {
    const routes = [
      routeOf("api", { "api-old": 9, "api-new": 1 }),
      routeOf("web", { "web-old": undefined, "web-new": undefined }),
    ];
    expect((await live({ routes })).routes).toEqual({ api: { old: 90, new: 10 }, web: { old: 50, new: 50 } });
  });

  test("that are all nothing are nothing", async () => {
    expect((await live({ routes: [routeOf("api", { "api-old": 0, "api-new": 0 })] })).routes).toEqual({
      api: { old: 0, new: 0 },
    });
    expect((await live({ routes: [routeOf("api", {})] })).routes).toEqual({ api: {} });
  });

  test("of a stranger's backend go by its name", async () => {
    expect((await live({ routes: [routeOf("api", { "api-old": 90, maintenance: 10 })] })).routes.api).toEqual(
      { old: 90, maintenance: 10 },
    );
  });

  test("come with what a route has beside them: rules for some requests, wherever they stand", async () => {
    const api = routeOf("api", { "api-old": 90, "api-new": 10 });
    const matches = [
      {
        path: { type: "PathPrefix", value: "/" },
        headers: [{ type: "Exact", name: "x-tester", value: "1" }],
      },
    ];
    const path = [{ path: { type: "PathPrefix", value: "/mine" } }];
    const some = { matches, backendRefs: [{ name: "api-new", weight: 100 }] };
    const more = { matches: path, backendRefs: [{ name: "api-new" }] };
    const routes = [
      { ...api, spec: { rules: [some, ...api.spec.rules, more] } },
      routeOf("web", { "web-old": 100 }),
    ];
    expect(await live({ routes })).toMatchObject({
      routes: { api: { old: 90, new: 10 }, web: { old: 100 } },
      rules: {
        api: [
          { matches, shares: { new: 100 } },
          { matches: path, shares: { new: 100 } },
        ],
      },
    });
    expect((await live({ routes: [{ ...api, spec: { rules: [some] } }] })).routes).toEqual({ api: {} });
  });

  test("are none without routes, and without the Gateway API", async () => {
    expect(await live({})).toEqual({ routes: {}, mirror: null, jobs: [] });
    expect(await live({ gatewayApi: false })).toEqual({ routes: {}, mirror: null, jobs: [] });
  });

  test("come with the mirror of the record", async () => {
    const mirror = { transition: "t1", at: "2026-01-01T00:00:00.000Z" };
    expect((await live({ mirror })).mirror).toEqual(mirror);
  });
});

describe("the gateway", () => {
  test("that is programmed, and has the listener, has no problem", async () => {
    expect(await problem({ gateway: programmedGateway })).toBeNull();
    expect(await problem({ gateway: programmedGateway }, { listener: undefined })).toBeNull();
  });

  test.each([
    ["does not exist", {}, /Gateway gateway\/shared does not exist \(key channel\.gateway\)/],
    ["has no API", { gatewayApi: false }, /does not serve the Gateway API.*install its CRDs/],
    [
      "is not programmed",
      {
        gateway: {
          ...programmedGateway,
          status: { conditions: [{ type: "Programmed", status: "False", message: "no address" }] },
        },
      },
      /not programmed by its controller: no address/,
    ],
    [
      "was never looked at by a controller",
      { gateway: { spec: programmedGateway.spec } },
      /not programmed by its controller: no status yet/,
    ],
  ] as const)("%s", async (_, objects, expected) => {
    expect(await problem(objects)).toMatch(expected);
  });

  test("has no such listener: the ones it has are named", async () => {
    expect(await problem({ gateway: programmedGateway }, { listener: "tls" })).toMatch(
      /no listener tls \(key channel\.gateway\.listener\); it has web/,
    );
  });
});

describe("a restore of the data", () => {
  const labels = {
    "app.kubernetes.io/managed-by": "release-channels",
    "app.kubernetes.io/part-of": "shop",
    "release-channels.dev/channel": "canary",
  };
  const told = {
    ...{ schema: 1, backup: "canary-backup-1f2e3d4c.dump", sha256: "a".repeat(64) },
    restoredAt: "2026-01-01T00:00:00.000Z",
    ledger: { applied: [{ id: "0001-orders", checksum: "c" }], notApplied: ["0002-customers"] },
  };
  const mapOf = (restored: string, of: object = labels) => ({ metadata: { labels: of }, data: { restored } });
  const seen = async (restored: ClusterObjects["restored"]) => (await live({ restored })).restored;

  test("is what the channel was told", async () => {
    expect(await seen(mapOf(JSON.stringify(told)))).toEqual(told);
    expect(await seen(mapOf(JSON.stringify({ ...told, ledger: null })))).toEqual({ ...told, ledger: null });
  });

  test.each<[string, ClusterObjects["restored"], RegExp]>([
    [
      "is no JSON",
      mapOf("restored"),
      /ConfigMap shop-canary\/shop-canary-restored, field data\.restored: .*restore -- record/,
    ],
    [
      "lacks a field",
      mapOf(JSON.stringify({ ...told, sha256: "x" })),
      /field data\.restored\.sha256: expected a sha256 in hex/,
    ],
    ["has one too many", mapOf(JSON.stringify({ ...told, more: 1 })), /field data\.restored: .*more/],
    ["says nothing", { metadata: { labels } }, /field data\.restored/],
    [
      "is another channel's",
      mapOf(JSON.stringify(told), { ...labels, "release-channels.dev/channel": "stable" }),
      /label release-channels\.dev\/channel is stable, expected canary/,
    ],
    [
      "may not be read",
      Object.assign(new Error("HTTP-Code: 403"), { code: 403, body: "" }),
      /does not let this user read ConfigMap shop-canary\/shop-canary-restored/,
    ],
  ])("that %s is a problem, and no error", async (_, restored, problem) => {
    expect(await seen(restored)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
