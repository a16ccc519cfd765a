import type { Cluster } from "../../observe/kubernetes";

const notFound = Object.assign(new Error("HTTP-Code: 404"), { code: 404, body: "" });

const forbidden = Object.assign(new Error("HTTP-Code: 403"), { code: 403, body: "" });

const roomyNode = {
  metadata: { name: "node" },
  status: {
    allocatable: { cpu: "64", memory: "256Gi", pods: "500" },
    conditions: [{ type: "Ready", status: "True" }],
  },
};

export interface ClusterObjects {
  routes?: unknown[];
  grpcRoutes?: unknown[];
  gateway?: unknown;
  /** By name. */
  gatewayClasses?: Record<string, unknown>;
  mirror?: { transition: string; at: string };
  /** The ConfigMap by which the channel is told of a restore; or what its reading ends with. */
  restored?: { metadata?: object; data?: Record<string, string> } | Error;
  /** Whether the Gateway API is served at all. */
  gatewayApi?: boolean;
  jobs?: unknown[];
  deployments?: unknown[];
  autoscalers?: unknown[];
  quotas?: unknown[];
  limitRanges?: unknown[];
  /** One with much room, where nothing is said of them. */
  nodes?: unknown[];
  /** Whoever's, of all namespaces. */
  allPods?: unknown[];
  /** Its user may not list them. */
  grpcRoutesForbidden?: boolean;
  autoscalersForbidden?: boolean;
  /** Its user may not look at nodes. */
  nodesForbidden?: boolean;
  /** Of every Job: its pods, and what each of them has written. */
  pods?: {
    name: string;
    createdAt: string;
    log: string;
    labels?: Record<string, string>;
    ready?: true;
    exitCode?: number | undefined;
  }[];
  /** Its user may not read logs. */
  logsForbidden?: boolean;
}

/** A cluster that answers what the observers read from these objects; everything else is not found. */
export function clusterWith({
  routes = [],
  grpcRoutes = [],
  gateway,
  gatewayClasses = {},
  mirror,
  restored,
  gatewayApi = true,
  jobs = [],
  deployments = [],
  autoscalers = [],
  quotas = [],
  limitRanges = [],
  nodes = [roomyNode],
  allPods = [],
  grpcRoutesForbidden = false,
  autoscalersForbidden = false,
  nodesForbidden = false,
  pods = [],
  logsForbidden = false,
}: ClusterObjects): Cluster {
  const found = <Found>(object: Found | undefined) =>
    object === undefined ? Promise.reject(notFound) : Promise.resolve(object);
  return {
    context: "test",
    server: "https://cluster.test",
    core: {
      readNamespacedConfigMap: ({ name }: { name: string }) => {
        if (name.endsWith("-record")) return found(mirror && { data: mirror });
        return restored instanceof Error ? Promise.reject(restored) : found(restored);
      },
      listNamespacedResourceQuota: () => found({ items: quotas }),
      listNamespacedLimitRange: () => found({ items: limitRanges }),
      listNode: () => (nodesForbidden ? Promise.reject(forbidden) : found({ items: nodes })),
      listPodForAllNamespaces: () => found({ items: allPods }),
      listNamespacedPod: () =>
        found({
          items: pods.map(({ name, createdAt, labels, ready, exitCode }) => ({
            metadata: { name, creationTimestamp: new Date(createdAt), labels },
            status: {
              conditions: ready ? [{ type: "Ready", status: "True" }] : [],
              containerStatuses: [{ state: exitCode === undefined ? {} : { terminated: { exitCode } } }],
            },
          })),
        }),
      readNamespacedPodLog: ({ name }: { name: string }) =>
        logsForbidden ? Promise.reject(forbidden) : found(pods.find((pod) => pod.name === name)?.log),
    },
    apps: { listNamespacedDeployment: () => found({ items: deployments }) },
    autoscaling: {
      listNamespacedHorizontalPodAutoscaler: () =>
        autoscalersForbidden ? Promise.reject(forbidden) : found({ items: autoscalers }),
    },
    batch: { listNamespacedJob: () => found({ items: jobs }) },
    custom: {
      listNamespacedCustomObject: ({ plural }: { plural: string }) => {
        if (plural === "grpcroutes" && grpcRoutesForbidden) return Promise.reject(forbidden);
        return found(gatewayApi ? { items: plural === "grpcroutes" ? grpcRoutes : routes } : undefined);
      },
      getNamespacedCustomObject: () => found(gateway),
      getClusterCustomObject: ({ name }: { name: string }) => found(gatewayClasses[name]),
      getAPIResources: () => found(gatewayApi ? { resources: [] } : undefined),
    },
  } as unknown as Cluster;
}

export const programmedGateway = {
  spec: { listeners: [{ name: "web" }] },
  status: { conditions: [{ type: "Programmed", status: "True" }] },
};

/** An HTTPRoute of the channel's service with these backends: name → weight. */
export function routeOf(service: string, backends: Record<string, number | undefined>) {
  const backendRefs = Object.entries(backends).map(([name, weight]) => ({
    name,
    ...(weight === undefined ? {} : { weight }),
  }));
  return {
    metadata: { name: `shop-canary-${service}`, labels: { "app.kubernetes.io/name": service } },
    spec: { rules: [{ backendRefs }] },
  };
}
