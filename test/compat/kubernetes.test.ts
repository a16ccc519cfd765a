import { kubernetesExecutor } from "../../compat/runner/kubernetes";
import type { Cluster } from "../../observe/kubernetes";
import { printed } from "./printed";

afterEach(() => jest.restoreAllMocks());

const away = () => Promise.reject(new Error("connect ECONNREFUSED 127.0.0.1:6443"));
const run = {
  ...{ id: "before", image: `local/shop@sha256:${"1".repeat(64)}`, command: ["check"], file: "1.json" },
  content: Buffer.from("{}"),
};

function execute(core: object, batch: object) {
  const cluster = { context: "test", server: "https://cluster.test", core, batch } as unknown as Cluster;
  const executor = kubernetesExecutor(cluster, { namespace: "shop", deadlineSeconds: 5 });
  return executor(run as never, new AbortController().signal);
}

test("a cluster that cannot be reached is told once: there is no Job that could not be removed", async () => {
  const out = printed();
  const nothing = { createNamespacedConfigMap: away, deleteNamespacedConfigMap: away };
  await expect(execute(nothing, { deleteNamespacedJob: away })).rejects.toThrow(
    "The cluster https://cluster.test (context test) cannot be reached: connect ECONNREFUSED 127.0.0.1:6443",
  );
  expect(out.text()).toBe("");
});

test("what was made is removed, also where the Job is refused", async () => {
  const removed: string[] = [];
  const remove = (kind: string) => async () => void removed.push(kind);
  const core = {
    createNamespacedConfigMap: async () => ({}),
    deleteNamespacedConfigMap: remove("ConfigMap"),
  };
  const batch = { createNamespacedJob: away, deleteNamespacedJob: remove("Job") };
  await expect(execute(core, batch)).rejects.toThrow("cannot be reached");
  expect(removed).toEqual(["Job", "ConfigMap"]);
});
