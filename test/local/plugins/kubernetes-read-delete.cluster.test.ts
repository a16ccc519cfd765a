import type { Bag } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig, Sandbox } from "./cluster";
import { eventually, failure, Plugin, secretOf } from "./harness";
import { configMap, deployment, urnOf, widget, widgetDefinition } from "./objects";
import { podStatus } from "./podStatus";

let plugin: Plugin;
const sandbox = new Sandbox();
const { namespace } = sandbox;
const type = "core/v1:ConfigMap";
const group = `${namespace}.example.com`;

beforeAll(async () => {
  plugin = await Plugin.start(await installed("kubernetes"));
  await plugin.configure({ kubeconfig }, "kubernetes");
  await sandbox.open();
});
afterAll(async () => {
  await sandbox.close();
  await plugin?.stop();
});

describe("reading", () => {
  test("a refresh finds what changed in the fields that the inputs name", async () => {
    const urn = urnOf(type, "drifted");
    const inputs = configMap(namespace, "drifted");
    const { id, properties } = await plugin.create(urn, inputs);
    await sandbox.patch(inputs, { data: { color: "red", other: "1" } }, "somebody");
    const found = await plugin.read(urn, id, properties, inputs);
    expect(found).toMatchObject({
      id,
      properties: { data: { color: "red", other: "1" }, __fieldManager: properties.__fieldManager },
    });
    expect(found.inputs.data).toEqual({ color: "red" });
    expect(found.properties.__inputs).toEqual(found.inputs);
  });

  test("a refresh keeps secret what was", async () => {
    const urn = urnOf(type, "hidden");
    const inputs = { ...configMap(namespace, "hidden"), data: { open: "1", hidden: secretOf("2") } };
    const { id, properties } = await plugin.create(urn, inputs);
    const found = await plugin.read(urn, id, properties, inputs);
    expect(found.inputs.data).toEqual({ open: "1", hidden: secretOf("2") });
    expect(found.properties.data).toEqual({ open: "1", hidden: secretOf("2") });
  });

  test("an object that is gone has no id", async () => {
    expect((await plugin.read(urnOf(type, "none"), `${namespace}/none`)).id).toBe("");
  });

  test("an object whose kind is gone has no id", async () => {
    const inputs = widget("none.example.com", namespace, "none");
    const urn = urnOf("none.example.com/v1:Widget", "none");
    expect((await plugin.read(urn, `${namespace}/none`, inputs, inputs)).id).toBe("");
  });

  test("an import finds the inputs that would have made the object", async () => {
    await sandbox.put(configMap(namespace, "imported", { color: "red" }));
    const found = await plugin.read(urnOf(type, "imported"), `${namespace}/imported`);
    expect(found.id).toBe(`${namespace}/imported`);
    expect(found.inputs).toEqual(configMap(namespace, "imported", { color: "red" }));
    expect(found.properties).toMatchObject({ metadata: { uid: expect.any(String) }, __inputs: found.inputs });
  });

  test("a Deployment that is not ready is a partial failure with what is wrong", async () => {
    const urn = urnOf("apps/v1:Deployment", "unready");
    const annotations = { "pulumi.com/skipAwait": "true" };
    const { id, properties } = await plugin.create(urn, deployment(namespace, "unready", { annotations }));
    sandbox.playNode(() => podStatus.waiting("ErrImageNeverPull", "Container image is not present"));
    await eventually(
      () => sandbox.pods("app=unready"),
      ([pod]) => (pod?.status as Bag)?.containerStatuses !== undefined,
    );
    const inputs = deployment(namespace, "unready");
    const error = await failure(plugin.read(urn, id, properties, inputs));
    expect(error.partial).toMatchObject({ id, inputs });
    expect(error.partial?.reasons.join("\n")).toContain("[ErrImageNeverPull] Container image is not present");
  });
});

describe("deleting", () => {
  const held = (name: string, annotations: Bag = {}): Bag => ({
    ...configMap(namespace, name),
    metadata: { name, namespace, annotations, finalizers: ["conformance.example.com/hold"] },
  });
  const release = (object: Bag) => sandbox.patch(object, { metadata: { finalizers: null } }, "somebody");

  test("waits until the object is gone", async () => {
    const urn = urnOf(type, "held");
    const { id, properties } = await plugin.create(urn, held("held"));
    let isDone = false;
    const deleting = plugin.delete(urn, id, properties).then(() => {
      isDone = true;
    });
    await eventually(async () => (await sandbox.metadata(held("held"))).deletionTimestamp);
    expect(isDone).toBe(false);
    await release(held("held"));
    await deleting;
    expect(await sandbox.get(held("held"))).toBeUndefined();
  });

  test("objects that go at once are not waited for", async () => {
    const annotations = { "pulumi.com/timeoutSeconds": "20" };
    const names = Array.from({ length: 50 }, (_, i) => `many-${i}`);
    const deleted = names.map(async (name) => {
      const inputs = { ...configMap(namespace, name), metadata: { name, namespace, annotations } };
      const { id, properties } = await plugin.create(urnOf(type, name), inputs);
      await plugin.delete(urnOf(type, name), id, properties);
    });
    await Promise.all(deleted);
  });

  test("an object that is gone is deleted", async () => {
    const urn = urnOf(type, "absent");
    const { id, properties } = await plugin.create(urn, configMap(namespace, "absent"));
    await sandbox.delete(configMap(namespace, "absent"));
    await plugin.delete(urn, id, properties);
  });

  test("an object whose kind is gone is deleted", async () => {
    await sandbox.put(widgetDefinition(group));
    const urn = urnOf(`${group}/v1:Widget`, "orphan");
    const { id, properties } = await plugin.create(urn, widget(group, namespace, "orphan"));
    const orphaned = JSON.parse(JSON.stringify(properties).replaceAll(group, "gone.example.com"));
    await plugin.delete(urn, id, orphaned);
  });

  test("what depends on the object goes first", async () => {
    const urn = urnOf("apps/v1:Deployment", "foreground");
    const inputs = deployment(namespace, "foreground");
    sandbox.playNode(() => podStatus.ready());
    const { id, properties } = await plugin.create(urn, inputs);
    sandbox.stopPlaying();
    const deleting = plugin.delete(urn, id, properties);
    await eventually(async () =>
      ((await sandbox.metadata(inputs)).finalizers as string[] | undefined)?.includes("foregroundDeletion"),
    );
    sandbox.playNode(() => undefined);
    await deleting;
    expect(await sandbox.pods("app=foreground")).toHaveLength(0);
  });

  test("what depends on the object stays with the policy orphan", async () => {
    const urn = urnOf("apps/v1:Deployment", "orphaning");
    const annotations = { "pulumi.com/deletionPropagationPolicy": "orphan", "pulumi.com/skipAwait": "true" };
    const { id, properties } = await plugin.create(urn, deployment(namespace, "orphaning", { annotations }));
    await eventually(
      () => sandbox.pods("app=orphaning"),
      (pods) => pods.length === 1,
    );
    await plugin.delete(urn, id, properties);
    await eventually(
      () => sandbox.get(deployment(namespace, "orphaning")),
      (found) => found === undefined,
    );
    expect(await sandbox.pods("app=orphaning")).toHaveLength(1);
  });

  test("gives up after timeoutSeconds and names the finalizers", async () => {
    const urn = urnOf(type, "stuck");
    const { id, properties } = await plugin.create(urn, held("stuck", { "pulumi.com/timeoutSeconds": "1" }));
    const error = await failure(plugin.delete(urn, id, properties));
    expect(error.message).toContain("timed out waiting for the condition");
    expect(error.partial).toMatchObject({ id });
    expect(plugin.messages(urn)).toContain(
      "finalizers might be preventing deletion (conformance.example.com/hold)",
    );
    await release(held("stuck"));
  });
});
