import { type Bag, unknown } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig } from "./cluster";
import { failure, Plugin, secretOf } from "./harness";
import { configMap, deployment, urnOf } from "./objects";

let plugin: Plugin;

beforeAll(async () => {
  plugin = await Plugin.start(await installed("kubernetes"));
  await plugin.configure({ kubeconfig, namespace: "somewhere" }, "kubernetes");
});
afterAll(() => plugin?.stop());

const unnamed: Bag = { apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } };
const urn = urnOf("core/v1:ConfigMap", "settings");

describe("checking inputs", () => {
  test("an object without a name is named after its resource", async () => {
    const { inputs } = await plugin.check(urn, unnamed);
    expect(inputs.metadata).toMatchObject({
      name: expect.stringMatching(/^settings-[0-9a-f]{8}$/),
      annotations: { "pulumi.com/autonamed": "true" },
    });
  });

  test("an object with a name keeps it, unannotated", async () => {
    const { inputs } = await plugin.check(urn, configMap("here", "mine"));
    expect(inputs.metadata).toEqual({ name: "mine", namespace: "here" });
  });

  test("an object without a name keeps the name it was given before", async () => {
    const before = await plugin.check(urn, unnamed);
    const after = await plugin.check(urn, { ...unnamed, data: { a: "2" } }, before.inputs);
    expect(after.inputs.metadata).toEqual(before.inputs.metadata);
  });

  test("a name proposed by the engine is taken", async () => {
    const { inputs } = await plugin.check(urn, unnamed, {}, { mode: 0, proposedName: "settings-proposed" });
    expect(inputs.metadata).toMatchObject({ name: "settings-proposed" });
  });

  test("an object without a name is refused when the engine disables naming", async () => {
    const error = await failure(plugin.check(urn, unnamed, {}, { mode: 2, proposedName: "" }));
    expect(error.message).toContain(
      "autonaming is disabled, resource requires the .metadata.name field to be set",
    );
  });

  test("generateName is refused", async () => {
    const error = await failure(plugin.check(urn, { ...unnamed, metadata: { generateName: "settings-" } }));
    expect(error.message).toContain(
      "`.metadata.generateName` field is not supported in Server-Side Apply mode",
    );
  });

  test("an object without a namespace gets the provider's", async () => {
    const { inputs } = await plugin.check(urn, { ...unnamed, metadata: { name: "mine" } });
    expect(inputs.metadata).toEqual({ name: "mine", namespace: "somewhere" });
  });

  test("an object of the cluster gets no namespace", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "mine" } };
    const { inputs } = await plugin.check(urnOf("core/v1:Namespace", "mine"), namespace);
    expect(inputs.metadata).toEqual({ name: "mine" });
  });

  test("quantities and empty fields take the form in which the cluster returns them", async () => {
    const inputs = deployment("here", "app");
    const template = (inputs.spec as Bag).template as Bag;
    (template.spec as Bag).containers = [
      {
        name: "main",
        image: "one",
        env: [{ name: "EMPTY", value: "" }],
        args: [],
        resources: { requests: { cpu: "0.5", memory: "1024Mi" }, limits: { cpu: "2000m", memory: 1000000 } },
      },
    ];
    const checked = await plugin.check(urnOf("apps/v1:Deployment", "app"), inputs);
    const spec = ((checked.inputs.spec as Bag).template as Bag).spec as Bag;
    expect(spec.containers).toEqual([
      {
        name: "main",
        image: "one",
        env: [{ name: "EMPTY" }],
        resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "2", memory: "1M" } },
      },
    ]);
  });

  test("fields that only the server sets are dropped", async () => {
    const metadata = { name: "mine", namespace: "here", uid: "1", resourceVersion: "2", generation: 3 };
    const { inputs } = await plugin.check(urn, { ...unnamed, metadata });
    expect(inputs.metadata).toEqual({ name: "mine", namespace: "here" });
  });

  test("text in a Secret becomes base64 data, and is secret", async () => {
    const inputs = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "mine", namespace: "here" },
      stringData: { password: "hunter2" },
    };
    const checked = await plugin.check(urnOf("core/v1:Secret", "mine"), inputs);
    expect(checked.inputs.data).toEqual(secretOf({ password: Buffer.from("hunter2").toString("base64") }));
    expect(checked.inputs.stringData).toBeUndefined();
  });

  test("a secret input stays secret, and nothing beside it becomes one", async () => {
    const inputs = { ...configMap("here", "mine"), data: { open: "1", hidden: secretOf("2") } };
    const checked = await plugin.check(urn, inputs);
    expect(checked.inputs.data).toEqual({ open: "1", hidden: secretOf("2") });
    expect(checked.inputs.metadata).toEqual({ name: "mine", namespace: "here" });
  });

  test("values that are not known yet pass", async () => {
    const { inputs, failures } = await plugin.check(urn, {
      ...configMap("here", "mine"),
      data: { a: unknown },
    });
    expect(failures).toEqual([]);
    expect(inputs.data).toEqual({ a: unknown });
  });
});
