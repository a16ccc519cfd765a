import * as k8s from "@pulumi/kubernetes";
import { z } from "zod";
import { channelLabels, ownAnnotations } from "../../components/release-context";
import { ask } from "../../observe/kubernetes";
import { channelSelector, labelKeys, routeName, transitionAnnotation } from "../../rollout/labels";
import { objectName } from "../../rollout/release";
import { type RouteShares, routesAt } from "../../rollout/routes";
import type {
  LiveRoutes,
  RegisteredRoute,
  TrafficAdapter,
  TrafficSources,
  TrafficTarget,
  TrafficToRegister,
  WrittenWeights,
} from "../../traffic/adapter";

const api = { group: "networking.istio.io", version: "v1" };

/** Why weights cannot be given: the gate `data-plane` says it, and nothing is changed. */
async function problem({ cluster, channel }: TrafficSources): Promise<string | null> {
  const { name, namespace } = channel.gateway;
  const found = await ask(cluster, `Gateway ${namespace}/${name} of Istio`, (options) =>
    cluster.custom.getNamespacedCustomObject({ ...api, namespace, plural: "gateways", name }, options),
  );
  return found === null ? `Istio's Gateway ${namespace}/${name} does not exist (key channel.gateway)` : null;
}

const destination = z.object({
  destination: z.object({ host: z.string() }),
  weight: z.number().default(100),
});
const virtualService = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ http: z.array(z.object({ route: z.array(destination) })).min(1) }),
});
type VirtualService = z.infer<typeof virtualService>;

/** Whatever the cluster has, also where a hand has changed it: the lower share counts. */
async function live({ cluster, channelName, channel }: TrafficSources): Promise<LiveRoutes> {
  const { namespace, product } = channel;
  const labelSelector = channelSelector(product, channelName);
  const list = await ask(cluster, `VirtualServices in ${namespace}`, (options) =>
    cluster.custom.listNamespacedCustomObject(
      { ...api, namespace, plural: "virtualservices", labelSelector },
      options,
    ),
  );
  const { items } = z.object({ items: z.array(virtualService).default([]) }).parse(list ?? {});
  const routes = items.map((item) => {
    const service = item.metadata.labels[labelKeys.name] ?? "";
    const shares = Object.entries(weightsOf(item)).map(([host, weight]) => [
      host.slice(service.length + 1),
      weight,
    ]);
    return [service, Object.fromEntries(shares)];
  });
  return { routes: Object.fromEntries(routes) };
}

/** Host → weight. */
function weightsOf({ spec }: VirtualService): Record<string, number> {
  return Object.fromEntries(
    spec.http.flatMap(({ route }) => route.map(({ destination: { host }, weight }) => [host, weight])),
  );
}

function expectedWeights({ service, weights }: RouteShares): Record<string, number> {
  return Object.fromEntries(weights.map(({ release, weight }) => [objectName(service, release), weight]));
}

function register(route: RegisteredRoute, { context, channel, transition, correlation }: TrafficToRegister) {
  const { service, split, weights } = route;
  const { gateway } = channel;
  const prefix = weights.at(-1)?.release.services[service]?.http?.path ?? "/";
  return new k8s.apiextensions.CustomResource(
    `${split.name}-virtual-service`,
    {
      apiVersion: `${api.group}/${api.version}`,
      kind: "VirtualService",
      metadata: {
        name: routeName(context.product, context.channel, service),
        namespace: context.namespace,
        labels: { ...channelLabels(context), [labelKeys.name]: service },
        annotations: {
          ...ownAnnotations(correlation),
          [transitionAnnotation]: transition.id,
          "pulumi.com/patchForce": "true",
        },
      },
      spec: {
        hosts: gateway.hostnames,
        gateways: [`${gateway.namespace}/${gateway.name}`],
        http: [
          {
            match: [{ uri: { prefix } }],
            route: Object.entries(expectedWeights(route)).map(([host, weight]) => ({
              destination: { host, port: { number: 80 } },
              weight,
            })),
          },
        ],
      },
    },
    { parent: split, provider: context.provider },
  );
}

/** The same again for the policy pack, which believes nothing of what the program has worked out. */
function check(found: VirtualService, target: TrafficTarget | null): string[] {
  if (found.spec.http.length !== 1) return ["it has more than one route"];
  if (target === null) return [];
  const service = found.metadata.labels[labelKeys.name];
  const wanted = routesAt(target.to).find((route) => route.service === service);
  const [seen, judged] = [weightsOf(found), wanted === undefined ? {} : expectedWeights(wanted)].map(
    (weights) => JSON.stringify(Object.entries(weights).sort()),
  );
  return seen === judged ? [] : [`its weights are ${seen}; the position that was judged has ${judged}`];
}

const written: WrittenWeights<typeof virtualService> = {
  type: "kubernetes:networking.istio.io/v1:VirtualService",
  schema: virtualService,
  check,
};

/** VirtualServices of Istio, one for each service. */
export const istio: TrafficAdapter = {
  problem,
  live,
  movesTogether: false,
  objects: [
    {
      kind: "VirtualService",
      list: (cluster, namespace, options) =>
        cluster.custom.listNamespacedCustomObject({ ...api, namespace, plural: "virtualservices" }, options),
    },
  ],
  register: (traffic) => traffic.routes.map((route) => register(route, traffic)),
  written: [written],
};
