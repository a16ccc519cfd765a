import { observeTraffic } from "../../observe/traffic";
import { clusterWith } from "./cluster";
import { sourcesWith } from "./sources";

const named = (name: string, spec: object = {}, labels: object = {}) => ({
  metadata: { name, labels },
  spec,
});
/** A Deployment that is to have so many pods, of which so many are ready. */
const deployment = (name: string, replicas?: number, ready = replicas ?? 1) => ({
  ...named(name, replicas === undefined ? {} : { replicas }),
  status: { readyReplicas: ready },
});
const scales = (name: string, kind = "Deployment") => ({ scaleTargetRef: { kind, name } });
const own = { "app.kubernetes.io/managed-by": "release-channels", "release-channels.dev/channel": "canary" };

const workloads = async (deployments: object[], autoscalers: object[] = []) =>
  (await observeTraffic(sourcesWith({ cluster: clusterWith({ deployments, autoscalers }) }))).workloads;

describe("the Deployments of a channel", () => {
  test("are told with the pods they are asked to have", async () => {
    expect(await workloads([deployment("api-1", 4), deployment("api-2")])).toEqual({
      "api-1": { replicas: 4 },
      "api-2": { replicas: 1 },
    });
    expect(await workloads([deployment("api-1", 4, 3)])).toEqual({
      "api-1": { replicas: 4, ready: 3 },
    });
    expect(await workloads([])).toBeUndefined();
  });

  test.each([
    ["somebody's own", named("mine", scales("api-1")), "mine"],
    [
      "another channel's",
      named("theirs", scales("api-1"), { ...own, "release-channels.dev/channel": "b" }),
      "theirs",
    ],
    ["the channel's own", named("api-1", scales("api-1"), own), undefined],
    ["one of something else", named("mine", scales("api-2")), undefined],
    ["one of another kind", named("mine", scales("api-1", "StatefulSet")), undefined],
  ])("and who scales them: %s", async (_, autoscaler, scaledBy) => {
    expect(await workloads([deployment("api-1", 4)], [autoscaler])).toEqual({
      "api-1": { replicas: 4, ...(scaledBy === undefined ? {} : { scaledBy }) },
    });
  });

  test("are known also where nobody may look at autoscalers, which is said", async () => {
    const cluster = clusterWith({
      deployments: [deployment("api-1", 4)],
      autoscalersForbidden: true,
    });
    expect(await observeTraffic(sourcesWith({ cluster }))).toMatchObject({
      workloads: { "api-1": { replicas: 4 } },
      autoscalersUnread: expect.stringContaining("does not let this user read HorizontalPodAutoscalers"),
    });
  });
});
