import type { V1Container, V1Node, V1Pod, V1ResourceQuota } from "@kubernetes/client-node";
import { UserError } from "../config/load/problems";
import { thousandths } from "../config/schemas/quantity";
import { bringsIn } from "../policies/gates/findings";
import type { CapacitySource, NodeRoom, Quota } from "../policies/gates/input/capacity";
import { notConfigured } from "../policies/gates/input/source";
import { ask, type Cluster } from "./kubernetes";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

type Known = Extract<CapacitySource, { status: "known" }>;

/** Room for more pods, where a step may need some. */
export async function observeCapacity(
  transition: JudgedTransition,
  { cluster, channel: { namespace, nodeRoom } }: Pick<SnapshotSources, "cluster" | "channel">,
): Promise<CapacitySource> {
  if (!bringsIn(transition)) return notConfigured;
  try {
    const [quotas, ranges, nodes] = await Promise.all([
      ask(cluster, `ResourceQuotas in ${namespace}`, (options) =>
        cluster.core.listNamespacedResourceQuota({ namespace }, options),
      ),
      ask(cluster, `LimitRanges in ${namespace}`, (options) =>
        cluster.core.listNamespacedLimitRange({ namespace }, options),
      ),
      nodeRoom ? observeNodes(cluster) : { status: "not-asked" as const },
    ]);
    const limits = (ranges?.items ?? []).flatMap(({ spec }) => spec?.limits ?? []);
    const ofContainers = limits.filter(({ type }) => type === "Container");
    return {
      status: "known",
      quotas: (quotas?.items ?? []).map(quotaFrom),
      defaults: {
        requests: Object.assign({}, ...ofContainers.map(({ defaultRequest }) => defaultRequest)),
        limits: Object.assign({}, ...ofContainers.map((one) => one._default)),
      },
      nodes,
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "unavailable", problem: error.message };
  }
}

function quotaFrom({ metadata, spec, status }: V1ResourceQuota): Quota {
  const plain = (spec?.scopes ?? []).map((scope) => ({ scope, operator: "Exists", values: [] }));
  const selected = (spec?.scopeSelector?.matchExpressions ?? []).map(({ scopeName, operator, values }) => ({
    scope: scopeName,
    operator,
    values: values ?? [],
  }));
  return {
    name: metadata?.name ?? "",
    hard: spec?.hard ?? {},
    used: status?.used ?? {},
    scopes: [...plain, ...selected],
  };
}

async function observeNodes(cluster: Cluster): Promise<Known["nodes"]> {
  try {
    const [nodes, pods] = await Promise.all([
      ask(cluster, "nodes", (options) => cluster.core.listNode({}, options)),
      ask(cluster, "pods of all namespaces", (options) =>
        cluster.core.listPodForAllNamespaces(
          { fieldSelector: "status.phase!=Succeeded,status.phase!=Failed" },
          options,
        ),
      ),
    ]);
    // What is ending makes room by itself.
    const staying = (pods?.items ?? []).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const room = (nodes?.items ?? []).filter(takesPods).map((node) =>
      roomOn(
        node,
        staying.filter(({ spec }) => spec?.nodeName === node.metadata?.name),
      ),
    );
    return { status: "known", room };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: "unavailable", problem: error.message };
  }
}

function takesPods({ spec, status }: V1Node): boolean {
  const isReady = status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True");
  const isTainted = spec?.taints?.some(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
  return isReady === true && spec?.unschedulable !== true && isTainted !== true;
}

function roomOn({ metadata, status }: V1Node, pods: readonly V1Pod[]): NodeRoom {
  const allocatable = status?.allocatable ?? {};
  const left = (resource: string) =>
    amount(allocatable, resource) - pods.reduce((sum, pod) => sum + requestOf(pod, resource), 0);
  return {
    name: metadata?.name ?? "",
    cpuMillicores: left("cpu"),
    memoryBytes: Math.floor(left("memory") / 1000),
    pods: amount(allocatable, "pods") / 1000 - pods.length,
  };
}

/** As the scheduler counts: all containers together, or what one that comes before them needs, if that is more. */
function requestOf({ spec }: V1Pod, resource: string): number {
  const of = ({ resources }: V1Container) => amount(resources?.requests ?? {}, resource);
  const sum = (containers: readonly V1Container[]) => containers.reduce((total, one) => total + of(one), 0);
  const initial = spec?.initContainers ?? [];
  const beside = sum(initial.filter(({ restartPolicy }) => restartPolicy === "Always"));
  const first = initial.filter(({ restartPolicy }) => restartPolicy !== "Always").map(of);
  const running = sum(spec?.containers ?? []) + beside;
  return Math.max(running, ...first) + amount(spec?.overhead ?? {}, resource);
}

/** In thousandths. */
function amount(amounts: Readonly<Record<string, string>>, resource: string): number {
  return thousandths(amounts[resource] ?? "0") ?? 0;
}
