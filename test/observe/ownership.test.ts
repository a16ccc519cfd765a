import type { Cluster } from "../../observe/kubernetes";
import { type ObjectNames, type ObjectsToWrite, refuseObjects } from "../../observe/ownership";
import { gatewayApi } from "../../traffic/gateway-api";

type Kind = Exclude<keyof ObjectNames, "routes"> | "HTTPRoute";

const nothing: ObjectNames = {
  Deployment: [],
  HorizontalPodAutoscaler: [],
  Service: [],
  ConfigMap: [],
  PodDisruptionBudget: [],
  Job: [],
  ServiceAccount: [],
  routes: [],
};

const own = { "app.kubernetes.io/managed-by": "release-channels", "release-channels.dev/channel": "canary" };

/** A cluster with these objects: kind → name → labels. */
function clusterWith(objects: Partial<Record<Kind, Record<string, object>>>): Cluster {
  const list = (kind: Kind) => () =>
    Promise.resolve({
      items: Object.entries(objects[kind] ?? {}).map(([name, labels]) => ({ metadata: { name, labels } })),
    });
  return {
    context: "test",
    server: "https://cluster.test",
    core: {
      readNamespace: () => Promise.resolve({}),
      listNamespacedService: list("Service"),
      // Never all of them: a channel's evidence grows for ever.
      readNamespacedConfigMap: ({ name }: { name: string }) => {
        const labels = objects.ConfigMap?.[name];
        return labels === undefined
          ? Promise.reject(Object.assign(new Error("HTTP-Code: 404"), { code: 404 }))
          : Promise.resolve({ metadata: { name, labels } });
      },
      listNamespacedServiceAccount: list("ServiceAccount"),
    },
    apps: { listNamespacedDeployment: list("Deployment") },
    autoscaling: { listNamespacedHorizontalPodAutoscaler: list("HorizontalPodAutoscaler") },
    batch: { listNamespacedJob: list("Job") },
    policy: { listNamespacedPodDisruptionBudget: list("PodDisruptionBudget") },
    custom: {
      listNamespacedCustomObject: ({ plural }: { plural: string }) =>
        plural === "httproutes" ? list("HTTPRoute")() : Promise.resolve({ items: [] }),
    },
  } as unknown as Cluster;
}

const names = { ...nothing, Deployment: ["api-1"], routes: ["shop-canary-api"] };
const remembered = { Deployment: ["api-1"], HTTPRoute: ["shop-canary-api"] };
const there = { Deployment: { "api-1": own }, HTTPRoute: { "shop-canary-api": own } };

function refuse(cluster: Cluster, objects: Partial<ObjectsToWrite> = {}): Promise<void> {
  return refuseObjects(cluster, "shop", "canary", {
    names,
    routes: gatewayApi.objects,
    remembered,
    kind: "advance",
    ...objects,
  });
}

describe("the objects that an update is about to write", () => {
  test("are its own to write, whether they are there already or not", async () => {
    await refuse(clusterWith(there));
    await refuse(clusterWith({}), { remembered: {} });
  });

  test("are refused where somebody else's bears the name", async () => {
    const foreign = clusterWith({
      ...there,
      Deployment: { "api-1": { ...own, "release-channels.dev/channel": "stable" } },
    });
    await expect(refuse(foreign)).rejects.toThrow(/does not own[\s\S]*Deployment shop\/api-1[\s\S]*label it/);
  });

  test("are refused where a piece of evidence or a configuration is somebody else's", async () => {
    const written = { ...names, ConfigMap: ["api-1", "shop-canary-evidence-4"] };
    await refuse(clusterWith({ ...there, ConfigMap: { "api-1": own } }), { names: written });
    await expect(
      refuse(clusterWith({ ...there, ConfigMap: { "shop-canary-evidence-4": {} } }), { names: written }),
    ).rejects.toThrow(/ConfigMap shop\/shop-canary-evidence-4/);
    const gone = { ...remembered, ConfigMap: ["api-1"] };
    await expect(refuse(clusterWith(there), { names: written, remembered: gone })).rejects.toThrow(
      /were deleted from the cluster[\s\S]*ConfigMap shop\/api-1/,
    );
  });

  test("are refused where the state has one that was deleted from the cluster", async () => {
    const deleted = clusterWith({ ...there, HTTPRoute: {} });
    await expect(refuse(deleted)).rejects.toThrow(
      /were deleted from the cluster[\s\S]*HTTPRoute shop\/shop-canary-api[\s\S]*pulumi refresh/,
    );
    await expect(refuse(deleted, { kind: "rollback" })).rejects.toThrow(/HTTPRoute/);
  });

  test("hold up no rollback where only something else than its route was deleted", async () => {
    const deleted = clusterWith({ ...there, Deployment: {} });
    await expect(refuse(deleted)).rejects.toThrow(/Deployment shop\/api-1/);
    await refuse(deleted, { kind: "rollback" });
  });

  test("may be a Job that ran and was cleared away", async () => {
    const job = { ...nothing, Job: ["migrate-1"] };
    await refuse(clusterWith({}), { names: job, remembered: { Job: ["migrate-1"] } });
  });
});
