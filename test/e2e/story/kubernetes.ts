import {
  AppsV1Api,
  AuthenticationV1Api,
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesObject,
  PolicyV1Api,
} from "@kubernetes/client-node";
import { z } from "zod";
import { kubeconfigPath } from "../../../local/settings";

const gatewayApi = { group: "gateway.networking.k8s.io", version: "v1", plural: "httproutes" };

function connect() {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
    policy: config.makeApiClient(PolicyV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    authentication: config.makeApiClient(AuthenticationV1Api),
  };
}

let connected: ReturnType<typeof connect> | undefined;
function cluster() {
  connected ??= connect();
  return connected;
}

export async function createNamespace(namespace: string, databaseUrl: string): Promise<void> {
  const { core } = cluster();
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  await core.createNamespacedSecret({
    namespace,
    body: { metadata: { name: "shop-database" }, stringData: { url: databaseUrl } },
  });
}

/** Who runs the tests, as the cluster sees it. */
export async function clusterUser(): Promise<string> {
  const { status } = await cluster().authentication.createSelfSubjectReview({ body: {} });
  return status?.userInfo?.username ?? "";
}

/** The namespace has the same Secret as another one, whether it had one or not. */
export async function copySecret(name: string, from: string, to: string): Promise<void> {
  const { core } = cluster();
  const { data } = await core.readNamespacedSecret({ name, namespace: from });
  const body = { metadata: { name }, data };
  const present = (await core.listNamespacedSecret({ namespace: to })).items;
  await (present.some(({ metadata }) => metadata?.name === name)
    ? core.replaceNamespacedSecret({ name, namespace: to, body })
    : core.createNamespacedSecret({ namespace: to, body }));
}

/** A folder of this machine that pods of the namespace mount by a claim. */
export async function createVolume(volume: {
  name: string;
  claim: string;
  namespace: string;
  folder: string;
}): Promise<void> {
  const { core } = cluster();
  const { name, claim, namespace, folder } = volume;
  const storage = { accessModes: ["ReadWriteOnce"], storageClassName: "" };
  await core.createPersistentVolume({
    body: {
      metadata: { name },
      spec: {
        ...storage,
        capacity: { storage: "1Gi" },
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace, name: claim },
        hostPath: { path: folder, type: "Directory" },
      },
    },
  });
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name: claim },
      spec: { ...storage, volumeName: name, resources: { requests: { storage: "1Gi" } } },
    },
  });
}

/** Removes what outlives a namespace. */
export async function deleteVolume(name: string): Promise<void> {
  const { core } = cluster();
  const volumes = (await core.listPersistentVolume()).items;
  if (volumes.some(({ metadata }) => metadata?.name === name)) await core.deletePersistentVolume({ name });
}

/** What the containers of a Job's pods have written, the newest pod last. */
export async function jobLog(namespace: string, jobNamePart: string): Promise<string> {
  const { core, batch } = cluster();
  const jobs = (await batch.listNamespacedJob({ namespace })).items.filter(({ metadata }) =>
    metadata?.name?.includes(jobNamePart),
  );
  const selector = `batch.kubernetes.io/job-name in (${jobs.map(({ metadata }) => metadata?.name).join(", ")})`;
  const pods = await core.listNamespacedPod({ namespace, labelSelector: selector });
  const logs = pods.items.map(({ metadata }) =>
    core.readNamespacedPodLog({ namespace, name: metadata?.name ?? "" }),
  );
  return (await Promise.all(logs)).join("\n");
}

/** Kills the processes of a Job's pods without any chance to tidy up. */
export async function killPodsOf(namespace: string, jobNamePart: string): Promise<number> {
  const { core } = cluster();
  const pods = (await core.listNamespacedPod({ namespace })).items.filter(
    ({ metadata, status }) =>
      metadata?.name?.includes(jobNamePart) && !["Succeeded", "Failed"].includes(status?.phase ?? ""),
  );
  for (const { metadata } of pods) {
    await core.deleteNamespacedPod({ namespace, name: metadata?.name ?? "", gracePeriodSeconds: 0 });
  }
  return pods.length;
}

export async function runningPodsOf(namespace: string, jobNamePart: string): Promise<number> {
  const { items } = await cluster().core.listNamespacedPod({ namespace });
  return items.filter(
    ({ metadata, status }) => metadata?.name?.includes(jobNamePart) && status?.phase === "Running",
  ).length;
}

/** Begins to delete the namespace and all that is in it. */
export async function deleteNamespace(namespace: string): Promise<void> {
  await cluster().core.deleteNamespace({ name: namespace, gracePeriodSeconds: 0 });
}

/** Marks an object that is on its way out. */
export const ending = " ending";

/** `Kind/name` → resourceVersion of every object in the namespace: two equal ones mean that nothing was written. */
export async function resourceVersions(namespace: string): Promise<Record<string, string>> {
  const { core, apps, batch, policy, custom } = cluster();
  const lists: Record<string, Promise<{ items: KubernetesObject[] }>> = {
    ConfigMap: core.listNamespacedConfigMap({ namespace }),
    Deployment: apps.listNamespacedDeployment({ namespace }),
    HTTPRoute: custom.listNamespacedCustomObject({ ...gatewayApi, namespace }),
    Job: batch.listNamespacedJob({ namespace }),
    Pod: core.listNamespacedPod({ namespace }),
    PodDisruptionBudget: policy.listNamespacedPodDisruptionBudget({ namespace }),
    ReplicaSet: apps.listNamespacedReplicaSet({ namespace }),
    Secret: core.listNamespacedSecret({ namespace }),
    Service: core.listNamespacedService({ namespace }),
  };
  const entries = await Promise.all(
    Object.entries(lists).map(async ([kind, list]) =>
      (await list).items.map(({ metadata }): [string, string] => [
        `${kind}/${metadata?.name}`,
        `${metadata?.resourceVersion}${metadata?.deletionTimestamp === undefined ? "" : ending}`,
      ]),
    ),
  );
  return Object.fromEntries(entries.flat());
}

export async function deployments(namespace: string) {
  return (await cluster().apps.listNamespacedDeployment({ namespace })).items;
}

const routes = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        rules: z.array(
          z.object({ backendRefs: z.array(z.object({ name: z.string(), weight: z.number() })) }),
        ),
      }),
    }),
  ),
});

/** How many rules the live routes have: that of the weights, and one per cohort in force. */
export async function liveRules(namespace: string): Promise<number> {
  const list: unknown = await cluster().custom.listNamespacedCustomObject({ ...gatewayApi, namespace });
  return routes.parse(list).items.flatMap(({ spec }) => spec.rules).length;
}

/** Name of the backend Service → weight, as the live route has it; empty without a route. */
export async function liveWeights(namespace: string): Promise<Record<string, number>> {
  const list: unknown = await cluster().custom.listNamespacedCustomObject({ ...gatewayApi, namespace });
  const backends = routes.parse(list).items.flatMap(({ spec }) => spec.rules[0]?.backendRefs ?? []);
  return Object.fromEntries(backends.map(({ name, weight }) => [name, weight]));
}
