import { type Bag, unknown } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig, Sandbox } from "./cluster";
import { failure, Plugin } from "./harness";
import { configMap, deployment, urnOf } from "./objects";

let plugin: Plugin;
const sandbox = new Sandbox();
const { namespace } = sandbox;
const type = "core/v1:ConfigMap";

beforeAll(async () => {
  plugin = await Plugin.start(await installed("kubernetes"));
  await plugin.configure({ kubeconfig }, "kubernetes");
  await sandbox.open();
});
afterAll(async () => {
  await sandbox.close();
  await plugin?.stop();
});

const create = async (inputs: Bag) => {
  const name = String((inputs.metadata as Bag).name);
  const urn = urnOf(type, name);
  return { urn, inputs, ...(await plugin.create(urn, inputs)) };
};

const managersOf = async (object: Bag) =>
  ((await sandbox.metadata(object)).managedFields as Bag[]).map(
    ({ manager, operation }) => `${manager} ${operation}`,
  );

describe("updating", () => {
  test("applies the inputs as the manager in the state, which takes over what the create wrote", async () => {
    const { urn, id, properties } = await create(configMap(namespace, "plain", { color: "blue", size: "1" }));
    const after = configMap(namespace, "plain", { color: "red" });
    const updated = await plugin.update(urn, id, properties, after);
    expect(updated).toMatchObject({
      data: { color: "red" },
      __inputs: after,
      __fieldManager: properties.__fieldManager,
    });
    expect((await sandbox.get(after))?.data).toEqual({ color: "red" });
    expect(await managersOf(after)).toEqual([`${properties.__fieldManager} Apply`]);
  });

  test("takes over what kubectl wrote", async () => {
    const { urn, id, inputs, properties } = await create(configMap(namespace, "edited"));
    await sandbox.patch(inputs, { data: { color: "by hand" } }, "kubectl-patch");
    const updated = await plugin.update(
      urn,
      id,
      properties,
      configMap(namespace, "edited", { color: "red" }),
    );
    expect(updated.data).toEqual({ color: "red" });
  });

  test("a field that somebody else owns is a conflict, and a partial failure", async () => {
    const { urn, id, inputs, properties } = await create(configMap(namespace, "contested"));
    await sandbox.patch(inputs, { data: { color: "theirs" } }, "somebody");
    const after = configMap(namespace, "contested", { color: "ours" });
    const error = await failure(plugin.update(urn, id, properties, after));
    expect(error.message).toContain("server-side apply field conflict detected");
    expect(error.message).toContain('conflict with "somebody"');
    expect(error.partial).toMatchObject({
      id,
      properties: { data: { color: "theirs" }, __inputs: after },
      reasons: [expect.stringContaining("conflict")],
    });
  });

  test("patchForce takes a field from its owner", async () => {
    const annotated = (data: Bag): Bag => ({
      ...configMap(namespace, "forced", data),
      metadata: { name: "forced", namespace, annotations: { "pulumi.com/patchForce": "true" } },
    });
    const { urn, id, inputs, properties } = await create(annotated({ color: "blue" }));
    await sandbox.patch(inputs, { data: { color: "theirs" } }, "somebody");
    const updated = await plugin.update(urn, id, properties, annotated({ color: "ours" }));
    expect(updated.data).toEqual({ color: "ours" });
  });

  test("an ignored field that somebody else owns is left to them", async () => {
    const deploymentType = "apps/v1:Deployment";
    const annotations = { "pulumi.com/skipAwait": "true" };
    const before = deployment(namespace, "scaled", { annotations });
    const urn = urnOf(deploymentType, "scaled");
    const { id, properties } = await plugin.create(urn, before);
    await sandbox.put(
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "scaled", namespace },
        spec: { replicas: 3 },
      },
      "autoscaler",
    );
    const after = deployment(namespace, "scaled", { annotations, image: "two" });
    await plugin.update(urn, id, properties, after, { ignoreChanges: ["spec.replicas"] });
    const second = deployment(namespace, "scaled", { annotations, image: "three" });
    const updated = await plugin.update(urn, id, properties, second, { ignoreChanges: ["spec.replicas"] });
    expect(updated.spec).toMatchObject({ replicas: 3 });
  });

  test("an ignored field of its own keeps its live value, and is not given up", async () => {
    const urn = urnOf("apps/v1:Deployment", "kept");
    const annotations = { "pulumi.com/skipAwait": "true" };
    const before = deployment(namespace, "kept", { annotations, replicas: 2 });
    const { id, properties } = await plugin.create(urn, before);
    for (const image of ["two", "three"]) {
      const changed = deployment(namespace, "kept", { annotations, replicas: 5, image });
      const updated = await plugin.update(urn, id, properties, changed, { ignoreChanges: ["spec.replicas"] });
      expect(updated.spec).toMatchObject({ replicas: 2 });
    }
  });

  test("what the server rejects is a partial failure that keeps the new inputs", async () => {
    const { urn, id, properties } = await create({ ...configMap(namespace, "frozen"), immutable: true });
    const after = { ...configMap(namespace, "frozen", { color: "red" }), immutable: true };
    const error = await failure(plugin.update(urn, id, properties, after));
    expect(error.message).toContain("field is immutable");
    expect(error.partial).toMatchObject({ id, properties: { data: { color: "blue" }, __inputs: after } });
  });

  test("an object that is gone is an error", async () => {
    const { urn, id, inputs, properties } = await create(configMap(namespace, "gone"));
    await sandbox.delete(inputs);
    const error = await failure(
      plugin.update(urn, id, properties, configMap(namespace, "gone", { color: "red" })),
    );
    expect(error.message).toContain('configmaps "gone" not found');
    expect(error.partial).toBeUndefined();
  });
});

describe("previewing an update", () => {
  const preview = { preview: true };

  test("shows what the server would make of it, and changes nothing", async () => {
    const { urn, id, inputs, properties } = await create(configMap(namespace, "previewed"));
    const after = configMap(namespace, "previewed", { color: "red" });
    const previewed = await plugin.update(urn, id, properties, after, preview);
    expect(previewed.data).toEqual({ color: "red" });
    expect((await sandbox.get(inputs))?.data).toEqual({ color: "blue" });
  });

  test("with a value that is not known yet answers the inputs as they are", async () => {
    const { urn, id, properties } = await create(configMap(namespace, "vague"));
    const after = configMap(namespace, "vague", { color: unknown });
    expect(await plugin.update(urn, id, properties, after, preview)).toEqual(after);
  });

  test("shows a conflict", async () => {
    const { urn, id, inputs, properties } = await create(configMap(namespace, "conflict"));
    const applied = await plugin.update(
      urn,
      id,
      properties,
      configMap(namespace, "conflict", { color: "green" }),
    );
    await sandbox.patch(inputs, { data: { color: "theirs" } }, "somebody");
    const after = configMap(namespace, "conflict", { color: "ours" });
    const error = await failure(plugin.update(urn, id, applied, after, preview));
    expect(error.message).toContain('conflict with "somebody"');
  });
});
