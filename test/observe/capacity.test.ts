import { observeCapacity } from "../../observe/capacity";
import type { CapacitySource } from "../../policies/gates/input/capacity";
import { aChannel } from "../gates/transitions";
import { recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { type ClusterObjects, clusterWith } from "./cluster";

const start = { kind: "start" as const, to: rolling(10), record: recordOf(steady()) };

async function observed(objects: ClusterObjects, channel: object = {}) {
  const source = await observeCapacity(start, { cluster: clusterWith(objects), channel: aChannel(channel) });
  if (source.status !== "known") throw new Error("nothing is known");
  return source;
}

async function room(nodes: object[], allPods: object[] = []) {
  const source = await observed({ nodes, allPods });
  return source.nodes.status === "known" ? source.nodes.room : null;
}

const node = (name: string, more: { spec?: object; ready?: string } = {}) => ({
  metadata: { name },
  spec: more.spec ?? {},
  status: {
    allocatable: { cpu: "2", memory: "4Gi", pods: "110" },
    conditions: [{ type: "Ready", status: more.ready ?? "True" }],
  },
});
const container = (cpu: string, more: object = {}) => ({
  resources: { requests: { cpu, memory: "1Gi" } },
  ...more,
});
const pod = (nodeName: string, spec: object, metadata: object = {}) => ({
  metadata,
  spec: { nodeName, ...spec },
});
const gibibyte = 2 ** 30;

describe("room on the nodes", () => {
  test("is what the requests of the pods there leave", async () => {
    const pods = [
      pod("a", { containers: [container("500m"), container("100m")] }),
      pod("b", { containers: [container("1500m")] }),
      pod("elsewhere", { containers: [container("2")] }),
      pod("a", { containers: [container("1")] }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    ];
    expect(await room([node("a"), node("b")], pods)).toEqual([
      { name: "a", cpuMillicores: 1400, memoryBytes: 2 * gibibyte, pods: 109 },
      { name: "b", cpuMillicores: 500, memoryBytes: 3 * gibibyte, pods: 109 },
    ]);
  });

  test("counts what runs before the containers, beside them, and around them", async () => {
    const containers = [container("100m")];
    const initContainers = [container("700m"), container("50m", { restartPolicy: "Always" })];
    const pods = [pod("a", { containers, initContainers, overhead: { cpu: "10m" } })];
    expect((await room([node("a")], pods))?.[0]?.cpuMillicores).toBe(2000 - 710);
    const beside = pod("a", { containers: [container("900m")], initContainers });
    expect((await room([node("a")], [beside]))?.[0]?.cpuMillicores).toBe(2000 - 950);
  });

  test.each([
    ["cordoned", { spec: { unschedulable: true } }],
    ["tainted", { spec: { taints: [{ effect: "NoSchedule" }] } }],
    ["being emptied", { spec: { taints: [{ effect: "NoExecute" }] } }],
    ["not ready", { ready: "Unknown" }],
  ])("is not on a node that is %s", async (_, more) => {
    expect(await room([node("a", more)])).toEqual([]);
  });

  test("is also on a node that is only better left alone", async () => {
    expect(await room([node("a", { spec: { taints: [{ effect: "PreferNoSchedule" }] } })])).toHaveLength(1);
  });

  test("that may not be looked at is told, and not asked for where the channel says so", async () => {
    const forbidden = await observed({ nodesForbidden: true });
    expect(forbidden.nodes).toMatchObject({
      status: "unavailable",
      problem: expect.stringMatching(/does not let this user read nodes \(HTTP 403\)/),
    });
    const notAsked = await observed({ nodesForbidden: true }, { nodeRoom: false });
    expect(notAsked.nodes).toEqual({ status: "not-asked" });
  });
});

describe("room in the namespace", () => {
  test("is what quotas say, and which pods they count", async () => {
    const quotas = [
      {
        metadata: { name: "team" },
        spec: {
          hard: { pods: "9" },
          scopes: ["NotTerminating"],
          scopeSelector: {
            matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }],
          },
        },
        status: { used: { pods: "4" } },
      },
    ];
    const limitRanges = [
      {
        spec: {
          limits: [
            { type: "Pod", max: { cpu: "4" } },
            { type: "Container", _default: { cpu: "1" } },
          ],
        },
      },
    ];
    expect(await observed({ quotas, limitRanges })).toMatchObject({
      quotas: [
        {
          name: "team",
          hard: { pods: "9" },
          used: { pods: "4" },
          scopes: [
            { scope: "NotTerminating", operator: "Exists", values: [] },
            { scope: "PriorityClass", operator: "In", values: ["high"] },
          ],
        },
      ],
      defaults: { requests: {}, limits: { cpu: "1" } },
    });
  });

  test("is not looked for where nothing is brought further in", async () => {
    const none: CapacitySource = { status: "not-configured" };
    const sources = { cluster: clusterWith({}), channel: aChannel() };
    const record = recordOf(rolledBack());
    expect(await observeCapacity({ kind: "finalize", to: steady(), record }, sources)).toEqual(none);
    expect(await observeCapacity({ kind: "rollback", to: rolledBack(), record }, sources)).toEqual(none);
  });
});
