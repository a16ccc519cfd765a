import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import { affinityProblem } from "../../observe/affinity";
import type { Cluster } from "../../observe/kubernetes";
import { observeGateway } from "../../observe/traffic";
import { steady } from "../rollout/releases";
import { clusterWith, programmedGateway } from "./cluster";

const section = (affinity?: "cookie") =>
  channelSection.parse({
    product: "shop",
    namespace: "shop-canary",
    services: {},
    gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1", affinity },
  });

const at = (cluster: Cluster, channel: ChannelSection) => ({
  ...{ cluster, channel },
  ...{ channelName: "canary", projectDir: "/nowhere" },
});

describe("session affinity", () => {
  test.each<[string | null, RegExp]>([
    ["traefik.io/gateway-controller", /controller traefik\.io\/gateway-controller does not implement/],
    ["gateway.envoyproxy.io/gatewayclass-controller", /implements it as an experimental field/],
    ["gateway.nginx.org/nginx-gateway-controller", /implements it as an experimental field/],
    ["istio.io/gateway-controller", /controller istio\.io\/gateway-controller is not known to implement/],
    [null, /has no GatewayClass, is not known to implement/],
  ])("at %s is refused, with the reason and a way out", (controller, expected) => {
    const problem = affinityProblem(controller);
    expect(problem).toMatch(expected);
    expect(problem).toMatch(/channel\.gateway\.affinity.*Remove the key.*channel\.cohorts/);
  });

  test("is refused by the name of the controller that the Gateway has", async () => {
    const gateway = {
      ...programmedGateway,
      spec: { ...programmedGateway.spec, gatewayClassName: "traefik" },
    };
    const cluster = clusterWith({
      gateway,
      gatewayClasses: { traefik: { spec: { controllerName: "traefik.io/gateway-controller" } } },
    });
    expect((await observeGateway(at(cluster, section("cookie")), steady())).problem).toMatch(
      /traefik\.io\/gateway-controller/,
    );
    expect((await observeGateway(at(cluster, section()), steady())).problem).toBeNull();
    const without = clusterWith({ gateway });
    expect((await observeGateway(at(without, section("cookie")), steady())).problem).toMatch(
      /no GatewayClass/,
    );
  });
});
