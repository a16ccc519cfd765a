import * as k8s from "@pulumi/kubernetes";
import { z } from "zod";
import { channelLabels, ownAnnotations } from "../components/release-context";
import { UserError } from "../config/load/problems";
import type { ChannelSection } from "../config/schemas/channel";
import { observeAffinity } from "../observe/affinity";
import { ask } from "../observe/kubernetes";
import { type RouteMatch, routeMatch, takesAll } from "../rollout/cohorts";
import { channelSelector, labelKeys, routeName, transitionAnnotation } from "../rollout/labels";
import type { Position } from "../rollout/record";
import { objectName, speaksGrpc } from "../rollout/release";
import { hostnamesFor, type RouteShares, routesAt } from "../rollout/routes";
import type {
  LiveRoutes,
  RegisteredRoute,
  TrafficAdapter,
  TrafficSources,
  TrafficToRegister,
} from "./adapter";
import { writtenRoutes } from "./gateway-api-check";
import { fromGrpc, toGrpc } from "./grpc-route";

const group = "gateway.networking.k8s.io";
const api = { group, version: "v1" };

const kindOf = { http: "HTTPRoute", grpc: "GRPCRoute" } as const;
const kinds = [
  { kind: kindOf.http, plural: "httproutes", protocol: "http" },
  { kind: kindOf.grpc, plural: "grpcroutes", protocol: "grpc" },
] as const;

const condition = z.object({ type: z.string(), status: z.string(), message: z.string().optional() });

const gatewayObject = z.object({
  spec: z.object({
    gatewayClassName: z.string().default(""),
    listeners: z.array(z.object({ name: z.string() })),
  }),
  status: z.object({ conditions: z.array(condition).optional() }).optional(),
});

/** The shared Gateway is there, its controller works, and it can do what the channel asks for. */
async function problem({ cluster, channel }: TrafficSources, to: Position): Promise<string | null> {
  const { name, namespace, listener } = channel.gateway;
  const where = `Gateway ${namespace}/${name}`;
  const answer = await ask(cluster, where, (options) =>
    cluster.custom.getNamespacedCustomObject({ ...api, namespace, plural: "gateways", name }, options),
  );
  if (answer === null) {
    const served = await ask(cluster, "the Gateway API", (options) =>
      cluster.custom.getAPIResources(api, options),
    );
    return served === null
      ? "the cluster does not serve the Gateway API (gateway.networking.k8s.io/v1): install its CRDs and a gateway controller"
      : `${where} does not exist (key channel.gateway): create it, or name the one to use`;
  }
  const { spec, status } = gatewayObject.parse(answer);
  if (listener !== undefined && !spec.listeners.some((one) => one.name === listener)) {
    const known = spec.listeners.map((one) => one.name).join(", ");
    return `${where} has no listener ${listener} (key channel.gateway.listener); it has ${known}`;
  }
  const programmed = status?.conditions?.find(({ type }) => type === "Programmed");
  if (programmed?.status !== "True") {
    return `${where} is not programmed by its controller: ${programmed?.message ?? "no status yet"}`;
  }
  return grpcProblem(channel, to) ?? observeAffinity(cluster, channel, spec.gatewayClassName);
}

/** What GRPCRoutes, or routes of both kinds together, cannot do. */
function grpcProblem({ gateway }: ChannelSection, to: Position): string | null {
  const routes = routesAt(to);
  const changed = routes.find(
    ({ service, weights }) => new Set(weights.map(({ release }) => speaksGrpc(release, service))).size > 1,
  );
  if (changed !== undefined) {
    return `${changed.service} speaks another protocol in ${to.candidate?.version} than in ${to.baseline.version}, and a route is of one kind: release it as a service of another name`;
  }
  const grpc = routes.filter(({ protocol }) => protocol === "grpc").map(({ service }) => service);
  if (grpc.length === 0) return null;
  const cohort = (to.cohorts ?? []).find(({ anyOf }) =>
    anyOf.some(({ query, cookies }) => query.length + cookies.length > 0),
  );
  if (cohort !== undefined) {
    return `the cohort ${cohort.name} asks for a query or a cookie (key channel.cohorts.${cohort.name}), and ${grpc.join(", ")} speaks gRPC, where a cohort is told by headers only`;
  }
  const shared = hostnamesFor("grpc", gateway).find((name) => gateway.hostnames.includes(name));
  if (grpc.length < routes.length && shared !== undefined) {
    return `${grpc.join(", ")} speaks gRPC and other services HTTP, and a Gateway takes routes of one kind only for ${shared}: name hosts of their own (key channel.gateway.grpcHostnames)`;
  }
  return null;
}

const liveRule = z.object({
  matches: z.array(routeMatch).default([]),
  backendRefs: z.array(z.object({ name: z.string(), weight: z.number().default(1) })).default([]),
});

const metadata = z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() });
const liveRoute = z.object({ metadata, spec: z.object({ rules: z.array(liveRule).default([]) }) });
const routeList = z.object({ items: z.array(liveRoute) });

/** A kind of route that may not be listed leaves the weights unread: that must not stand in a rollback's way. */
async function live(sources: TrafficSources): Promise<LiveRoutes> {
  try {
    return await listed(sources);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { routes: {}, unread: error.message };
  }
}

async function listed({ cluster, channelName, channel }: TrafficSources): Promise<LiveRoutes> {
  const { namespace, product } = channel;
  const labelSelector = channelSelector(product, channelName);
  const lists = kinds.map(async ({ kind, plural, protocol }) => {
    const list = await ask(cluster, `${kind}s in ${namespace}`, (options) =>
      cluster.custom.listNamespacedCustomObject({ ...api, namespace, plural, labelSelector }, options),
    );
    const { items } = list === null ? { items: [] } : routeList.parse(list);
    return items.map(({ metadata, spec: { rules } }) => ({
      metadata,
      rules: protocol === "grpc" ? rules.map(fromGrpc) : rules,
    }));
  });
  const read = (await Promise.all(lists))
    .flat()
    .map(
      ({ metadata: { name, labels }, rules }) =>
        [labels?.[labelKeys.name] ?? name, rulesOf(labels?.[labelKeys.name] ?? "", rules)] as const,
    );
  const others = read.filter(([, { rules }]) => rules.length > 0);
  return {
    routes: Object.fromEntries(read.map(([service, { weights }]) => [service, weights])),
    ...(others.length === 0
      ? {}
      : { rules: Object.fromEntries(others.map(([service, { rules }]) => [service, rules])) }),
  };
}

/** The weights are those of the first rule that takes every request; what else there is takes some before it. */
function rulesOf(service: string, rules: z.infer<typeof liveRule>[]) {
  const weighted = rules.find(takesAll);
  return {
    weights: shares(service, weighted?.backendRefs ?? []),
    rules: rules
      .filter((one) => one !== weighted)
      .map(({ matches, backendRefs }) => ({ matches, shares: shares(service, backendRefs) })),
  };
}

/** Backends are named `<service>-<release id>`; a release id is a slug and eight hexadecimal digits. */
function shares(service: string, backends: z.infer<typeof liveRule>["backendRefs"]): Record<string, number> {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  return Object.fromEntries(
    backends.map(({ name, weight }) => [
      name.startsWith(`${service}-`) ? name.slice(service.length + 1) : name,
      total === 0 ? 0 : (100 * weight) / total,
    ]),
  );
}

function registerRoute(
  route: RegisteredRoute,
  { context, channel, transition, correlation }: TrafficToRegister,
) {
  const { service, protocol, split } = route;
  return new k8s.apiextensions.CustomResource(
    `${split.name}-route`,
    {
      apiVersion: `${group}/v1`,
      kind: kindOf[protocol],
      metadata: {
        name: routeName(context.product, context.channel, service),
        namespace: context.namespace,
        labels: { ...channelLabels(context), [labelKeys.name]: service },
        annotations: {
          ...ownAnnotations(correlation),
          [transitionAnnotation]: transition.id,
          // A foreign field manager must not be able to block a rollback.
          "pulumi.com/patchForce": "true",
        },
      },
      spec: routeSpec(route, channel.gateway),
    },
    { parent: split, provider: context.provider },
  );
}

/** Written out in full: what the API server would add as a default shows as drift later. */
function routeSpec({ service, protocol, weights, cohorts }: RouteShares, gateway: ChannelSection["gateway"]) {
  const { name, namespace, listener } = gateway;
  const path = weights.at(-1)?.release.services[service]?.http?.path ?? "/";
  const backend = ({ release, weight }: RouteShares["weights"][number]) => ({
    group: "",
    kind: "Service",
    name: objectName(service, release),
    port: 80,
    weight,
  });
  return {
    parentRefs: [
      {
        group,
        kind: "Gateway",
        name,
        namespace,
        ...(listener === undefined ? {} : { sectionName: listener }),
      },
    ],
    hostnames: hostnamesFor(protocol, gateway),
    // A match that asks for more goes before one that asks for less, whatever the order of so few rules, so
    // the weights stay where the command for an emergency looks for them: in the first.
    rules: [
      {
        ...matching(protocol, [{ path: { type: "PathPrefix", value: path } }]),
        backendRefs: weights.map(backend),
      },
      ...cohorts.map((matches) => ({
        ...matching(protocol, matches),
        backendRefs: weights.slice(-1).map(({ release }) => backend({ release, weight: 100 })),
      })),
    ],
  };
}

function matching(protocol: RouteShares["protocol"], matches: RouteMatch[]): { matches?: object[] } {
  if (protocol === "http") return { matches };
  const grpc = toGrpc(matches);
  return grpc.length === 0 ? {} : { matches: grpc };
}

/**
 * Routes of the Gateway API on a shared Gateway: one for each service, and each of them wholly the channel's. An
 * HTTPRoute, or a GRPCRoute where the service speaks gRPC.
 */
export const gatewayApi: TrafficAdapter = {
  problem,
  live,
  movesTogether: false,
  objects: kinds.map(({ kind, plural }) => ({
    kind,
    list: (cluster, namespace, options) =>
      cluster.custom.listNamespacedCustomObject({ ...api, namespace, plural }, options),
  })),
  register: (traffic) => traffic.routes.map((route) => registerRoute(route, traffic)),
  written: kinds.map(({ kind, protocol }) => writtenRoutes(`kubernetes:${group}/v1:${kind}`, protocol)),
};
