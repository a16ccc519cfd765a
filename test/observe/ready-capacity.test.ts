import type { Cluster } from "../../observe/kubernetes";
import { readyCapacity } from "../../observe/ready-capacity";

/** A Deployment that has so many ready pods each time it is looked at; the last figure stays. */
function clusterWhere(ready: number[]): Cluster {
  let looks = 0;
  const readNamespacedDeployment = async () => ({
    status: { readyReplicas: ready[Math.min(looks++, ready.length - 1)] },
  });
  return {
    context: "test",
    server: "https://cluster.test",
    apps: { readNamespacedDeployment },
  } as unknown as Cluster;
}

const request = { id: "t2", namespace: "shop", deployments: { "api-1": 3 }, withinSeconds: 5 };

describe("the pods that a share needs", () => {
  test.each([[[3]], [[5]], [[1, 3]]])("are there: %j", async (ready) => {
    expect(await readyCapacity(clusterWhere(ready), request)).toEqual({ "api-1": Math.max(...ready) });
  });

  test("that do not come are told when the time is over", async () => {
    await expect(readyCapacity(clusterWhere([2]), { ...request, withinSeconds: 0 })).rejects.toThrow(
      /2 of 3 pods of api-1 are ready after 0 s, so no traffic was moved.*setting the version back/,
    );
  });
});
