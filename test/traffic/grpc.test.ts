import type { ChannelSection } from "../../config/schemas/channel";
import { routeWeights } from "../../policies/pack/traffic";
import { correctLive } from "../../rollout/live";
import type { Position } from "../../rollout/record";
import { resolveRelease } from "../../rollout/release";
import { gatewayApi } from "../../traffic/gateway-api";
import { transition } from "../components/channel";
import type { Registration } from "../components/engine";
import { section } from "../components/section";
import { clusterWith, programmedGateway } from "../observe/cluster";
import { judgedTo, judgementsOf, violations } from "../policies/pack-run";
import { aCohort } from "../rollout/cohort-positions";
import { aFile, apiAndWorker, recordOf, rolledBack, rolling, steady } from "../rollout/releases";

const { api, worker } = apiAndWorker;
const speaking = (http: object) => ({
  api: { ...api, http: { port: 9090, protocol: "grpc", ...http } },
  worker,
});
const releaseOf = (version: string, services: object) => resolveRelease(aFile(version, services), {});
const [before, after] = ["1.0.0", "1.1.0"].map((version) => releaseOf(version, speaking({}))) as [
  ReturnType<typeof releaseOf>,
  ReturnType<typeof releaseOf>,
];
const orders = { path: "/shop.v1.Orders", probePath: "/shop.v1.Orders/Ping" };
const [ordersBefore, ordersAfter] = ["1.0.0", "1.1.0"].map((version) =>
  releaseOf(version, speaking(orders)),
) as [typeof before, typeof before];

const testers = aCohort({ testers: { header: { name: "x-tester", value: "1" } } });
const withTesters = (position: Position): Position => ({ ...position, cohorts: testers });

const named = (list: Registration[], name: string) => {
  const found = list.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};
const registered = async (to: Position, channel: ChannelSection = section) =>
  (await transition("start", steady(to.baseline), to, { channel })).registrations;

describe("a service that speaks gRPC", () => {
  test("has a GRPCRoute, and Services that say what they speak", async () => {
    const list = await registered(rolling(10, after, before));
    const { type, inputs } = named(list, "canary-api-route");
    expect(type).toBe("kubernetes:gateway.networking.k8s.io/v1:GRPCRoute");
    expect(inputs).toMatchObject({ apiVersion: "gateway.networking.k8s.io/v1", kind: "GRPCRoute" });
    expect(inputs.spec).toEqual({
      parentRefs: [
        {
          group: "gateway.networking.k8s.io",
          kind: "Gateway",
          name: "shared",
          namespace: "gateway",
          sectionName: "web",
        },
      ],
      hostnames: ["canary.shop.localhost"],
      rules: [
        {
          backendRefs: [
            { group: "", kind: "Service", name: `api-${before.id}`, port: 80, weight: 90 },
            { group: "", kind: "Service", name: `api-${after.id}`, port: 80, weight: 10 },
          ],
        },
      ],
    });
    for (const name of ["canary-api-internal", `canary-api-${after.id}-service`]) {
      expect(named(list, name).inputs.spec).toMatchObject({
        ports: [{ port: 80, targetPort: 9090, appProtocol: "kubernetes.io/h2c" }],
      });
    }
  });

  test("is known by one of its gRPC services, as are its cohorts", async () => {
    const list = await registered(withTesters(rolling(10, ordersAfter, ordersBefore)));
    const { spec } = named(list, "canary-api-route").inputs as { spec: { rules: { matches: unknown }[] } };
    const method = { type: "Exact", service: "shop.v1.Orders" };
    expect(spec.rules.map(({ matches }) => matches)).toEqual([
      [{ method }],
      [{ method, headers: [{ type: "Exact", name: "x-tester", value: "1" }] }],
    ]);
  });

  test("is asked by a call of a method, at its own host names", async () => {
    const gateway = { ...section.gateway, grpcHostnames: ["grpc.shop.localhost"] };
    const asked = async (to: Position) => {
      const { stdin } = named(
        await registered(to, { ...section, gateway }),
        "canary-confirmation-command",
      ).inputs;
      return (JSON.parse(String(stdin)) as { services: object[] }).services[0];
    };
    const [protocol, hostname] = ["grpc", "grpc.shop.localhost"];
    expect(await asked(rolling(10, after, before))).toMatchObject({
      ...{ protocol, hostname, path: "/grpc.health.v1.Health/Check" },
    });
    expect(await asked(rolling(10, ordersAfter, ordersBefore))).toMatchObject({
      ...{ protocol, hostname, path: "/shop.v1.Orders/Ping" },
    });
  });

  const positions = [
    rolling(10, after, before),
    withTesters(rolling(10, after, before)),
    withTesters(rolling(30, ordersAfter, ordersBefore)),
    rolledBack(after, before),
    steady(after),
  ];

  test.each(positions)("is read back as it was written (%#)", async (position) => {
    const route = named(await registered(position), "canary-api-route").inputs;
    const live = await gatewayApi.live({
      cluster: clusterWith({ grpcRoutes: [route] }),
      ...{ channelName: "canary", channel: section, projectDir: "/nowhere" },
    });
    expect(correctLive(recordOf(position), { ...live, mirror: null, jobs: [] })).toBeNull();
    const byHand = structuredClone(route) as {
      spec: { rules: { matches?: unknown; backendRefs: object[] }[] };
    };
    byHand.spec.rules.push({
      matches: [{ method: { method: "Pay" } }],
      backendRefs: byHand.spec.rules[0]!.backendRefs,
    });
    const changed = await gatewayApi.live({
      cluster: clusterWith({ grpcRoutes: [byHand] }),
      ...{ channelName: "canary", channel: section, projectDir: "/nowhere" },
    });
    expect(correctLive(recordOf(position), { ...changed, mirror: null, jobs: [] })).not.toBeNull();
  });

  test.each(positions)("is as it was judged for the pack (%#)", async (position) => {
    const { type, inputs } = named(await registered(position), "canary-api-route");
    const found = (props: object, as = type) =>
      violations(routeWeights(judgementsOf(judgedTo(position))), { type: as, props });
    expect(await found(inputs)).toEqual([]);
    expect(await found(inputs, type.replace("GRPC", "HTTP"))).not.toEqual([]);
    const wider = structuredClone(inputs) as { spec: { rules: { matches?: unknown }[] } };
    wider.spec.rules[0]!.matches = [{ method: { type: "Exact", method: "Pay" } }];
    expect(await found(wider)).not.toEqual([]);
    const heavier = structuredClone(inputs) as { spec: { rules: { backendRefs: { weight: number }[] }[] } };
    heavier.spec.rules[0]!.backendRefs.at(-1)!.weight += 1;
    expect(await found(heavier)).not.toEqual([]);
  });
});

describe("what routes of gRPC services cannot do", () => {
  const web = { image: api.image, http: { port: 8080 }, probes: api.probes };
  const both = releaseOf("1.0.0", { ...speaking({}), web });
  const cohorts = aCohort({ shops: { query: { name: "shop", value: "17" }, from: 30 } });
  const problem = (to: Position, gateway: object = {}) =>
    gatewayApi.problem(
      {
        cluster: clusterWith({ gateway: programmedGateway }),
        channel: { ...section, gateway: { ...section.gateway, ...gateway } },
        ...{ channelName: "canary", projectDir: "/nowhere" },
      },
      to,
    );

  test("a host name with services of both kinds", async () => {
    expect(await problem(steady(both))).toMatch(/api speaks gRPC .* canary\.shop\.localhost.*grpcHostnames/);
    expect(await problem(steady(both), { grpcHostnames: ["grpc.shop.localhost"] })).toBeNull();
    expect(await problem(steady(after))).toBeNull();
  });

  test("cohorts by query or cookie", async () => {
    const to = { ...rolling(10, after, before), cohorts };
    expect(await problem(to)).toMatch(/cohort shops .* api speaks gRPC.*headers only/);
    expect(await problem(withTesters(rolling(10, after, before)))).toBeNull();
  });

  test("another protocol in the same service", async () => {
    const spoken = releaseOf("1.0.0", { api, worker });
    expect(await problem(rolling(10, after, spoken))).toMatch(
      /api speaks another protocol in 1\.1\.0 than in 1\.0\.0.*another name/,
    );
  });
});
