import { memoryFrom } from "../../observe/state";
import { intentTo, recordOf, rolling, steady } from "../rollout/releases";

const channel = "urn:pulumi:canary::release-channels::release-channels:index:ReleaseChannel";
const outputs = (input: unknown) => ({ outputs: { input, output: "what it held at first" } });

describe("what a stack remembers", () => {
  const [record, intent] = [recordOf(rolling(10)), intentTo("advance", rolling(10), "t1")];
  const own = {
    [`${channel}$pulumi:index:Stash::intent`]: outputs(intent),
    [`${channel}$pulumi:index:Stash::record`]: outputs(record),
  };

  test("is what the Stashes of its channel hold", () => {
    expect(memoryFrom({ [`${channel}::canary`]: { outputs: {} }, ...own }, "canary")).toEqual({
      intent,
      record,
      objects: {},
      evidence: {},
    });
  });

  test("is nothing before the first update", () => {
    expect(memoryFrom({}, "canary")).toEqual({ intent: null, record: null, objects: {}, evidence: {} });
  });

  test.each([
    "urn:pulumi:canary::release-channels::pulumi:index:Stash::record",
    "urn:pulumi:canary::release-channels::release-channels:index:Other$pulumi:index:Stash::record",
    `${channel}$release-channels:index:TrafficSplit$pulumi:index:Stash::record`,
  ])("is not what another Stash of the same name holds: %s", (urn) => {
    const another = { [urn]: outputs(recordOf(steady())) };
    expect(memoryFrom({ ...another, ...own }, "canary").record).toEqual(record);
  });

  test("is also which Kubernetes objects the engine believes to be there", () => {
    const route = `${channel}$release-channels:index:TrafficSplit$kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::canary-api-route`;
    const provider = `${channel}$pulumi:providers:kubernetes::canary-cluster`;
    const resources = {
      [route]: { outputs: { kind: "HTTPRoute", metadata: { name: "shop-canary-api" } } },
      [provider]: { outputs: { context: "test" } },
    };
    expect(memoryFrom(resources, "canary").objects).toEqual({ HTTPRoute: ["shop-canary-api"] });
  });

  test("that cannot be understood is told, with its place", () => {
    const broken = { [`${channel}$pulumi:index:Stash::record`]: outputs({ ...record, weight: 101 }) };
    expect(() => memoryFrom(broken, "canary")).toThrow(/record in the state of stack canary.*weight/);
  });
});
