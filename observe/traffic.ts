import { z } from "zod";
import type { ChannelSection } from "../config/schemas/channel";
import type { GatewayObservation } from "../policies/gates/input";
import { routeMatch, takesAll } from "../rollout/cohorts";
import { channelLabels, channelSelector, labelKeys, mirrorName, restoredName } from "../rollout/labels";
import type { LiveTraffic } from "../rollout/live";
import { observeAffinity } from "./affinity";
import { observeDataJobs } from "./data-jobs";
import { ask, type Cluster } from "./kubernetes";
import { observeRestore } from "./restored";
import { observeWorkloads } from "./workloads";

const gatewayApi = { group: "gateway.networking.k8s.io", version: "v1" };

const condition = z.object({ type: z.string(), status: z.string(), message: z.string().optional() });

const gatewayObject = z.object({
  spec: z.object({
    gatewayClassName: z.string().default(""),
    listeners: z.array(z.object({ name: z.string() })),
  }),
  status: z.object({ conditions: z.array(condition).optional() }).optional(),
});

const metadata = z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() });

const rule = z.object({
  matches: z.array(routeMatch).default([]),
  backendRefs: z.array(z.object({ name: z.string(), weight: z.number().default(1) })).default([]),
});

const route = z.object({ metadata, spec: z.object({ rules: z.array(rule).default([]) }) });

const routeList = z.object({ items: z.array(route) });

/** Whether the shared Gateway can take routes of this channel. */
export async function observeGateway(cluster: Cluster, channel: ChannelSection): Promise<GatewayObservation> {
  const { gateway } = channel;
  const where = `Gateway ${gateway.namespace}/${gateway.name}`;
  const answer = await ask(cluster, where, (options) =>
    cluster.custom.getNamespacedCustomObject(
      { ...gatewayApi, namespace: gateway.namespace, plural: "gateways", name: gateway.name },
      options,
    ),
  );
  if (answer === null) {
    const served = await ask(cluster, "the Gateway API", (options) =>
      cluster.custom.getAPIResources(gatewayApi, options),
    );
    const problem =
      served === null
        ? "the cluster does not serve the Gateway API (gateway.networking.k8s.io/v1): install its CRDs and a gateway controller"
        : `${where} does not exist (key channel.gateway): create it, or name the one to use`;
    return { problem };
  }
  const { spec, status } = gatewayObject.parse(answer);
  const { listener } = gateway;
  if (listener !== undefined && !spec.listeners.some(({ name }) => name === listener)) {
    const known = spec.listeners.map(({ name }) => name).join(", ");
    return {
      problem: `${where} has no listener ${listener} (key channel.gateway.listener); it has ${known}`,
    };
  }
  const programmed = status?.conditions?.find(({ type }) => type === "Programmed");
  if (programmed?.status !== "True") {
    return {
      problem: `${where} is not programmed by its controller: ${programmed?.message ?? "no status yet"}`,
    };
  }
  return { problem: await observeAffinity(cluster, channel, spec.gatewayClassName) };
}

/** Weights of the channel's routes, its Deployments, the record's mirror, the Jobs of its data, and its last restore. */
export async function observeTraffic(
  cluster: Cluster,
  channelName: string,
  { namespace, product }: ChannelSection,
): Promise<LiveTraffic> {
  const labelSelector = channelSelector(product, channelName);
  const [routes, mirror, jobs, restored, workloads] = await Promise.all([
    ask(cluster, `HTTPRoutes in ${namespace}`, (options) =>
      cluster.custom.listNamespacedCustomObject(
        { ...gatewayApi, namespace, plural: "httproutes", labelSelector },
        options,
      ),
    ),
    ask(cluster, `ConfigMap ${namespace}/${mirrorName(product, channelName)}`, (options) =>
      cluster.core.readNamespacedConfigMap({ namespace, name: mirrorName(product, channelName) }, options),
    ),
    observeDataJobs(cluster, namespace, labelSelector),
    observeRestore(
      cluster,
      namespace,
      restoredName(product, channelName),
      channelLabels(product, channelName),
    ),
    observeWorkloads(cluster, namespace, channelName, labelSelector),
  ]);
  const { items } = routes === null ? { items: [] } : routeList.parse(routes);
  const { transition, at } = mirror?.data ?? {};
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
    mirror: transition === undefined || at === undefined ? null : { transition, at },
    jobs,
    ...(restored === null ? {} : { restored }),
    ...(Object.keys(workloads).length === 0 ? {} : { workloads }),
  };
}

/** The weights are those of the first rule that takes every request; what else there is takes some before it. */
function rulesOf(service: string, rules: z.infer<typeof rule>[]) {
  const weighted = rules.find(takesAll);
  return {
    weights: shares(service, weighted?.backendRefs ?? []),
    rules: rules
      .filter((one) => one !== weighted)
      .map(({ matches, backendRefs }) => ({ matches, shares: shares(service, backendRefs) })),
  };
}

/** Backends are named `<service>-<release id>`; a release id is a slug and eight hexadecimal digits. */
function shares(service: string, backends: z.infer<typeof rule>["backendRefs"]): Record<string, number> {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  return Object.fromEntries(
    backends.map(({ name, weight }) => [
      name.startsWith(`${service}-`) ? name.slice(service.length + 1) : name,
      total === 0 ? 0 : (100 * weight) / total,
    ]),
  );
}
