import type { V1ConfigMap } from "@kubernetes/client-node";
import type { Cluster } from "../../observe/kubernetes";

const refusal = (code: number) => Object.assign(new Error(`HTTP-Code: ${code}`), { code, body: "" });

/**
 * A cluster that keeps one ConfigMap.
 * @param refuses HTTP code with which it answers every write
 */
export function recordingCluster(present?: V1ConfigMap, refuses?: number): Cluster {
  let kept = present;
  const write = async (body: V1ConfigMap) => {
    if (refuses !== undefined) throw refusal(refuses);
    kept = body;
  };
  return {
    context: "test",
    server: "https://cluster.test",
    core: {
      readNamespacedConfigMap: async () => {
        if (kept === undefined) throw refusal(404);
        return kept;
      },
      createNamespacedConfigMap: ({ body }: { body: V1ConfigMap }) => write(body),
      replaceNamespacedConfigMap: ({ body }: { body: V1ConfigMap }) => write(body),
    },
  } as unknown as Cluster;
}
