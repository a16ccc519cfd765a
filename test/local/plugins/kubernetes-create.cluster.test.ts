import { type Bag, unknown } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig, Sandbox } from "./cluster";
import { eventually, failure, Plugin, secretOf } from "./harness";
import { configMap, deployment, service, urnOf, widget, widgetDefinition } from "./objects";

let plugin: Plugin;
let upserting: Plugin;
const sandbox = new Sandbox();
const { namespace } = sandbox;
const type = "core/v1:ConfigMap";

beforeAll(async () => {
  const executable = await installed("kubernetes");
  plugin = await Plugin.start(executable);
  await plugin.configure({ kubeconfig }, "kubernetes");
  upserting = await Plugin.start(executable);
  await upserting.configure({ kubeconfig, upsertExistingObjects: "true" }, "kubernetes");
  await sandbox.open();
});
afterAll(async () => {
  await sandbox.close();
  await plugin?.stop();
  await upserting?.stop();
});

describe("creating", () => {
  test("the id is namespace/name", async () => {
    const { id } = await plugin.create(urnOf(type, "a"), configMap(namespace, "a"));
    expect(id).toBe(`${namespace}/a`);
    expect(await sandbox.get(configMap(namespace, "a"))).toMatchObject({ data: { color: "blue" } });
  });

  test("the id of an object of the cluster is its name", async () => {
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: namespace },
      rules: [],
    };
    sandbox.removeLater(role);
    const { id } = await plugin.create(urnOf("rbac.authorization.k8s.io/v1:ClusterRole", "role"), role);
    expect(id).toBe(namespace);
  });

  test("the state holds the live object, the inputs, the first API version and a manager's name", async () => {
    const inputs = configMap(namespace, "state");
    const { properties } = await plugin.create(urnOf(type, "state"), inputs);
    expect(properties).toMatchObject({
      kind: "ConfigMap",
      metadata: { uid: expect.any(String) },
      __inputs: inputs,
      __initialApiVersion: "v1",
      __fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/),
    });
  });

  test("an object that exists already is an error, and is left as it was", async () => {
    await sandbox.put(configMap(namespace, "taken", { color: "red" }));
    const error = await failure(plugin.create(urnOf(type, "taken"), configMap(namespace, "taken")));
    expect(error.message).toContain('configmaps "taken" already exists');
    expect(error.message).toContain("upsertExistingObjects");
    expect(error.partial).toBeUndefined();
    expect(await sandbox.get(configMap(namespace, "taken"))).toMatchObject({ data: { color: "red" } });
  });

  test("with upsertExistingObjects an object that exists is taken over", async () => {
    await sandbox.put({ ...configMap(namespace, "adopted"), data: { old: "1" } }, "somebody");
    const inputs = configMap(namespace, "adopted", { color: "green" });
    const { properties } = await upserting.create(urnOf(type, "adopted"), inputs);
    expect(properties.data).toEqual({ old: "1", color: "green" });
    const { managedFields } = await sandbox.metadata(inputs);
    expect(managedFields).toContainEqual(
      expect.objectContaining({ manager: properties.__fieldManager, operation: "Apply" }),
    );
  });

  test("with upsertExistingObjects a field that somebody else owns is a conflict", async () => {
    await sandbox.put(configMap(namespace, "owned", { color: "red" }), "somebody");
    const error = await failure(upserting.create(urnOf(type, "owned"), configMap(namespace, "owned")));
    expect(error.message).toContain("server-side apply field conflict detected");
    expect(error.message).toContain('conflict with "somebody"');
  });

  test("an invalid object is an error that leaves nothing behind", async () => {
    const error = await failure(plugin.create(urnOf(type, "x"), configMap(namespace, "Not_A_Name")));
    expect(error.message).toContain("was not successfully created by the Kubernetes API server");
    expect(error.partial).toBeUndefined();
  });

  test("secret inputs are secret in the state, as values and as inputs", async () => {
    const inputs = { ...configMap(namespace, "secrets"), data: { open: "1", hidden: secretOf("2") } };
    const { properties } = await plugin.create(urnOf(type, "secrets"), inputs);
    expect(properties.data).toEqual({ open: "1", hidden: secretOf("2") });
    expect((properties.__inputs as Bag).data).toEqual({ open: "1", hidden: secretOf("2") });
    expect(await sandbox.get(configMap(namespace, "secrets"))).toMatchObject({
      data: { open: "1", hidden: "2" },
    });
  });

  test("the data of a Secret is secret in the state", async () => {
    const inputs = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace },
      data: { a: "MQ==" },
    };
    const { properties } = await plugin.create(urnOf("core/v1:Secret", "s"), inputs);
    expect(properties.data).toEqual(secretOf({ a: "MQ==" }));
    expect((properties.__inputs as Bag).data).toEqual(secretOf({ a: "MQ==" }));
  });

  test("a namespace that appears meanwhile is waited for", async () => {
    const late = `${namespace}-late`;
    const metadata = { apiVersion: "v1", kind: "Namespace", metadata: { name: late } };
    sandbox.removeLater(metadata);
    const urn = urnOf(type, "late");
    const creating = plugin.create(urn, configMap(late, "late"));
    await eventually(() =>
      plugin.messages(urn).some((message) => message.startsWith("Retry #0; creation failed")),
    );
    await sandbox.put(metadata);
    expect((await creating).id).toBe(`${late}/late`);
  });

  test("a kind that appears meanwhile is waited for", async () => {
    const group = `late.${namespace}.example.com`;
    const urn = urnOf(`${group}/v1:Widget`, "late");
    const creating = plugin.create(urn, widget(group, namespace, "late"));
    await eventually(() =>
      plugin.messages(urn).some((message) => message.startsWith("Retry #0; creation failed")),
    );
    await sandbox.put(widgetDefinition(group));
    expect((await creating).id).toBe(`${namespace}/late`);
  });

  test("a kind that never appears is an error that names it", async () => {
    const group = `never.${namespace}.example.com`;
    const urn = urnOf(`${group}/v1:Widget`, "never");
    const error = await failure(plugin.create(urn, widget(group, namespace, "never")));
    expect(error.message).toContain("the apiVersion for this resource does not exist");
    expect(error.message).toContain("Verify that any required CRDs have been created");
  });
});

describe("previewing a create", () => {
  const preview = { preview: true };

  test("shows what the server would make of it, and makes nothing", async () => {
    const inputs = deployment(namespace, "preview");
    const { id, properties } = await plugin.create(urnOf("apps/v1:Deployment", "preview"), inputs, preview);
    expect(id).toBe("");
    expect(properties).toMatchObject({ spec: { revisionHistoryLimit: 10 }, __inputs: inputs });
    expect(properties.status).toBeUndefined();
    expect(await sandbox.get(inputs)).toBeUndefined();
  });

  test("with upsertExistingObjects shows it for an object that exists", async () => {
    await sandbox.put(configMap(namespace, "preview-upsert", { color: "red" }));
    const inputs = configMap(namespace, "preview-upsert", { color: "green" });
    const { properties } = await upserting.create(urnOf(type, "preview-upsert"), inputs, preview);
    expect(properties.data).toEqual({ color: "green" });
    expect(await sandbox.get(inputs)).toMatchObject({ data: { color: "red" } });
  });

  test("with upsertExistingObjects does not stumble over fields that can't change", async () => {
    const before = { ...configMap(namespace, "fixed", { color: "red" }), immutable: true };
    await sandbox.put(before);
    const inputs = { ...configMap(namespace, "fixed", { color: "green" }), immutable: true };
    const { properties } = await upserting.create(urnOf(type, "fixed"), inputs, preview);
    expect(properties.data).toEqual({ color: "green" });
  });

  test.each<[string, () => Bag]>([
    ["a value is not known yet", () => configMap(namespace, "unknown", { color: unknown })],
    ["its kind does not exist yet", () => widget("none.example.com", namespace, "kindless")],
    ["its namespace does not exist yet", () => configMap(`${namespace}-nowhere`, "homeless")],
    ["the object exists", () => configMap(namespace, "existing")],
  ])("answers the inputs as they are when %s", async (_, make) => {
    const inputs = make();
    await sandbox.put(configMap(namespace, "existing", { color: "red" }));
    expect(await plugin.create(urnOf(type, "any"), inputs, preview)).toEqual({ id: "", properties: inputs });
  });

  test("of an invalid object fails", async () => {
    const inputs = service(namespace, "invalid", { ports: [{ port: 99999 }] });
    const error = await failure(plugin.create(urnOf("core/v1:Service", "invalid"), inputs, preview));
    expect(error.message).toContain("spec.ports[0].port");
  });
});

describe("a cluster that can't be reached", () => {
  test("fails a create, but not its preview", async () => {
    const lost = await Plugin.start(await installed("kubernetes"));
    const config = {
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: {} }],
    };
    const contexts = [{ name: "x", context: { cluster: "c", user: "u" } }];
    const kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      ...config,
      contexts,
      "current-context": "x",
    });
    await lost.configure({ kubeconfig }, "kubernetes");
    const inputs = configMap("default", "lost");
    expect((await lost.create(urnOf(type, "lost"), inputs, { preview: true })).properties).toEqual(inputs);
    const error = await failure(lost.create(urnOf(type, "lost"), inputs));
    expect(error.message).toContain("configured Kubernetes cluster is unreachable");
    await lost.stop();
  });
});
