import * as k8s from "@pulumi/kubernetes";
import { z } from "zod";
import { channelLabels, ownAnnotations } from "../components/release-context";
import { observeAffinity } from "../observe/affinity";
import { ask } from "../observe/kubernetes";
import { activeCohorts, routeMatch, takesAll, textOf } from "../rollout/cohorts";
import { channelSelector, labelKeys, routeName, transitionAnnotation } from "../rollout/labels";
import type { Position } from "../rollout/record";
import { objectName } from "../rollout/release";
import { type RouteShares, routesAt } from "../rollout/routes";
import type {
  LiveRoutes,
  RegisteredRoute,
  TrafficAdapter,
  TrafficSources,
  TrafficTarget,
  TrafficToRegister,
  WrittenWeights,
} from "./adapter";

const group = "gateway.networking.k8s.io";
const api = { group, version: "v1" };

const condition = z.object({ type: z.string(), status: z.string(), message: z.string().optional() });

const gatewayObject = z.object({
  spec: z.object({
    gatewayClassName: z.string().default(""),
    listeners: z.array(z.object({ name: z.string() })),
  }),
  status: z.object({ conditions: z.array(condition).optional() }).optional(),
});

/** The shared Gateway is there, its controller works, and it can do what the channel asks for. */
async function problem({ cluster, channel }: TrafficSources): Promise<string | null> {
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
  return observeAffinity(cluster, channel, spec.gatewayClassName);
}

const liveRule = z.object({
  matches: z.array(routeMatch).default([]),
  backendRefs: z.array(z.object({ name: z.string(), weight: z.number().default(1) })).default([]),
});

const metadata = z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() });
const liveRoute = z.object({ metadata, spec: z.object({ rules: z.array(liveRule).default([]) }) });
const routeList = z.object({ items: z.array(liveRoute) });

async function live({ cluster, channelName, channel }: TrafficSources): Promise<LiveRoutes> {
  const { namespace, product } = channel;
  const labelSelector = channelSelector(product, channelName);
  const routes = await ask(cluster, `HTTPRoutes in ${namespace}`, (options) =>
    cluster.custom.listNamespacedCustomObject(
      { ...api, namespace, plural: "httproutes", labelSelector },
      options,
    ),
  );
  const { items } = routes === null ? { items: [] } : routeList.parse(routes);
  const read = items.map(
    ({ metadata: { name, labels }, spec }) =>
      [labels?.[labelKeys.name] ?? name, rulesOf(labels?.[labelKeys.name] ?? "", spec.rules)] as const,
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

function httpRoute(route: RegisteredRoute, { context, channel, transition, correlation }: TrafficToRegister) {
  const { service, split } = route;
  return new k8s.apiextensions.CustomResource(
    `${split.name}-route`,
    {
      apiVersion: `${group}/v1`,
      kind: "HTTPRoute",
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
function routeSpec(
  { service, weights, cohorts }: RouteShares,
  { name, namespace, listener, hostnames }: TrafficToRegister["channel"]["gateway"],
) {
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
    hostnames,
    // A match that asks for more goes before one that asks for less, whatever the order of so few rules, so
    // the weights stay where the command for an emergency looks for them: in the first.
    rules: [
      { matches: [{ path: { type: "PathPrefix", value: path } }], backendRefs: weights.map(backend) },
      ...cohorts.map((matches) => ({
        matches,
        backendRefs: weights.slice(-1).map(({ release }) => backend({ release, weight: 100 })),
      })),
    ],
  };
}

const rule = z.object({
  matches: z.array(routeMatch).default([]),
  filters: z.array(z.unknown()).default([]),
  backendRefs: z
    .array(
      z.object({
        group: z.string().default(""),
        kind: z.string().default("Service"),
        name: z.string(),
        namespace: z.string().optional(),
        weight: z.number().default(1),
        filters: z.array(z.unknown()).default([]),
      }),
    )
    .default([]),
});
type Rule = z.infer<typeof rule>;

/** As it is registered, and as the engine may fill it in. */
const writtenRoute = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    parentRefs: z
      .array(
        z.object({
          kind: z.string().default("Gateway"),
          name: z.string(),
          namespace: z.string().optional(),
        }),
      )
      .default([]),
    hostnames: z.array(z.string()).default([]),
    rules: z.array(rule).default([]),
  }),
});

/** A route gives each release what the target says, and sends nothing anywhere else. */
function check(
  { metadata: { labels }, spec: { parentRefs, hostnames, rules } }: z.infer<typeof writtenRoute>,
  target: TrafficTarget | null,
): string[] {
  const [weighted, ...others] = rules.filter(takesAll);
  if (weighted === undefined || others.length > 0) {
    return [
      `it has ${others.length + (weighted === undefined ? 0 : 1)} rules for all requests instead of one`,
    ];
  }
  const backends = weighted.backendRefs;
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  const rulesKept: [boolean, string][] = [
    [sum === 100, `its weights sum to ${sum} instead of 100`],
    [
      backends.every(({ weight }) => Number.isInteger(weight) && weight >= 0),
      "a weight is no whole number from 0",
    ],
    [
      rules.flatMap((one) => [...one.filters, ...one.backendRefs.flatMap(({ filters }) => filters)])
        .length === 0,
      "it has filters, which the data plane's confirmation does not see",
    ],
  ];
  if (target !== null) {
    const { namespace, gateway } = target.channel;
    const wanted = routesAt(target.to).find(({ service }) => service === labels[labelKeys.name]);
    const cohortRules = rules.filter((one) => one !== weighted);
    const [live, judged] = [sharesOf(backends), expectedShares(wanted)];
    const names = gateway.hostnames;
    rulesKept.push(
      [
        rules.flatMap(({ backendRefs }) => backendRefs).every((one) => isServiceOf(namespace, one)),
        `it leads to something else than Services in ${namespace}`,
      ],
      [
        parentRefs.every(
          (one) => one.kind === "Gateway" && one.name === gateway.name && one.namespace === gateway.namespace,
        ),
        `it takes traffic from elsewhere than Gateway ${gateway.namespace}/${gateway.name}`,
      ],
      [live === judged, `its weights are ${live}; the position that was judged has ${judged}`],
      [
        cohortsOf(cohortRules) === expectedCohorts(wanted),
        `its rules beside the weights are not those of the cohorts of the position that was judged: ${namesOf(target.to)}`,
      ],
      [
        hostnames.join() === names.join(),
        `its host names are ${hostnames.join(", ")}, not ${names.join(", ")}`,
      ],
    );
  }
  return rulesKept.filter(([kept]) => !kept).map(([, violation]) => violation);
}

function isServiceOf(
  channelNamespace: string,
  { group, kind, namespace = channelNamespace }: Rule["backendRefs"][number],
): boolean {
  return group === "" && kind === "Service" && namespace === channelNamespace;
}

function sharesOf(backends: readonly { name: string; weight: number }[]): string {
  const texts = backends.map(({ name, weight }) => `${name} ${weight}`);
  return texts.sort().join(", ") || "none";
}

function expectedShares(wanted: RouteShares | undefined): string {
  const { service = "", weights = [] } = wanted ?? {};
  return sharesOf(weights.map(({ release, weight }) => ({ name: objectName(service, release), weight })));
}

/** Of each rule what it matches and where it leads; the order says nothing. */
function cohortsOf(rules: readonly Rule[]): string {
  const texts = rules.map(({ matches, backendRefs }) => `${textOf(matches)} → ${sharesOf(backendRefs)}`);
  return texts.sort().join("\n");
}

function expectedCohorts(wanted: RouteShares | undefined): string {
  const candidate = wanted?.weights.at(-1)?.release;
  if (wanted === undefined || candidate === undefined) return "";
  const name = objectName(wanted.service, candidate);
  const texts = wanted.cohorts.map((matches) => `${textOf(matches)} → ${sharesOf([{ name, weight: 100 }])}`);
  return texts.sort().join("\n");
}

function namesOf(to: Position): string {
  const names = activeCohorts(to).map(({ name }) => name);
  return names.join(", ") || "none";
}

const written: WrittenWeights<typeof writtenRoute> = {
  type: `kubernetes:${group}/v1:HTTPRoute`,
  schema: writtenRoute,
  check,
};

/** HTTPRoutes of the Gateway API on a shared Gateway: one for each service, and each of them wholly the channel's. */
export const gatewayApi: TrafficAdapter = {
  problem,
  live,
  objects: {
    kind: "HTTPRoute",
    list: (cluster, namespace, options) =>
      cluster.custom.listNamespacedCustomObject({ ...api, namespace, plural: "httproutes" }, options),
  },
  register: (traffic) => traffic.routes.map((route) => httpRoute(route, traffic)),
  written,
};
