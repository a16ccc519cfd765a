import { type Bag, unknown } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig, Sandbox } from "./cluster";
import { Plugin } from "./harness";
import { configMap, deployment, job, service, urnOf } from "./objects";
import { podStatus } from "./podStatus";

let plugin: Plugin;
const sandbox = new Sandbox();
const { namespace } = sandbox;

beforeAll(async () => {
  plugin = await Plugin.start(await installed("kubernetes"));
  await plugin.configure({ kubeconfig }, "kubernetes");
  await sandbox.open();
});
afterAll(async () => {
  await sandbox.close();
  await plugin?.stop();
});

interface Change {
  type: string;
  before: Bag;
  after: Bag;
  /** How the live object differs from what was sent. */
  live?: Bag;
  ignoreChanges?: string[];
}

/** The diff that an update from `before` to `after` would have, by a state as a create leaves it. */
function diff({ type, before, after, live = {}, ignoreChanges }: Change) {
  const state = { ...before, ...live, __inputs: before, __initialApiVersion: String(before.apiVersion) };
  const { name, namespace: ns } = before.metadata as Bag;
  return plugin.diff(urnOf(type, String(name)), `${ns}/${name}`, state, after, ignoreChanges);
}

const plainMap = configMap(namespace, "settings", { color: "blue", size: "1" });
const app = deployment(namespace, "app");

function withSpec(object: Bag, spec: Bag): Bag {
  return { ...object, spec: { ...(object.spec as Bag), ...spec } };
}

describe("telling what changed", () => {
  test("what the cluster added is no change", async () => {
    const urn = urnOf("core/v1:Service", "web");
    const { inputs } = await plugin.check(urn, {
      ...service(namespace, "web"),
      metadata: { name: "web", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
    });
    const { id, properties } = await plugin.create(urn, inputs);
    expect(await plugin.diff(urn, id, properties, inputs)).toMatchObject({ changes: false, detailed: {} });
  });

  test("two ways to write the same quantity are no change", async () => {
    const urn = urnOf("apps/v1:Deployment", "app");
    const { inputs } = await plugin.check(
      urn,
      deployment(namespace, "same", { annotations: { "pulumi.com/skipAwait": "true" } }),
    );
    const { id, properties } = await plugin.create(urn, inputs);
    const rewritten = JSON.parse(JSON.stringify(inputs).replace('"cpu":"1"', '"cpu":"1000m"'));
    expect(await plugin.diff(urn, id, properties, rewritten)).toMatchObject({ changes: false });
  });

  test("a changed element of a list is named by its path", async () => {
    const result = await diff({
      type: "apps/v1:Deployment",
      before: app,
      after: deployment(namespace, "app", { image: "two" }),
    });
    expect(result).toMatchObject({
      changes: true,
      replaces: [],
      detailed: { "spec.template.spec.containers[0].image": "update" },
    });
  });

  test("added and removed keys are told apart", async () => {
    const after = { ...app, metadata: { name: "app", namespace, annotations: { "example.com/a": "1" } } };
    const before = { ...app, metadata: { name: "app", namespace, annotations: { b: "1" } } };
    const result = await diff({ type: "apps/v1:Deployment", before, after });
    expect(result.detailed).toEqual({
      'metadata.annotations["example.com/a"]': "add",
      "metadata.annotations.b": "delete",
    });
  });

  test("a live value that differs from the inputs is a change", async () => {
    const result = await diff({
      type: "apps/v1:Deployment",
      before: app,
      after: app,
      live: { spec: { ...(app.spec as Bag), replicas: 7 } },
    });
    expect(result.detailed).toEqual({ "spec.replicas": "update" });
  });

  test("a value that is not known yet is a change", async () => {
    const after = withSpec(app, { replicas: unknown });
    expect((await diff({ type: "apps/v1:Deployment", before: app, after })).detailed).toEqual({
      "spec.replicas": "update",
    });
  });

  test("ignored changes are left out", async () => {
    const after = withSpec(deployment(namespace, "app", { image: "two" }), { replicas: 5 });
    const ignoreChanges = ["spec.replicas", "spec.template.spec.containers[*].image"];
    const result = await diff({
      type: "apps/v1:Deployment",
      before: app,
      after,
      ignoreChanges: ["spec.replicas"],
    });
    expect(Object.keys(result.detailed)).toEqual(["spec.template.spec.containers[0].image"]);
    expect(await diff({ type: "apps/v1:Deployment", before: app, after, ignoreChanges })).toMatchObject({
      changes: false,
    });
  });

  test("the default namespace may be left out", async () => {
    const before = configMap("default", "settings");
    const after = { ...before, metadata: { name: "settings" } };
    expect(await diff({ type: "core/v1:ConfigMap", before, after })).toMatchObject({ changes: false });
  });
});

describe("telling what must be replaced", () => {
  const binding = (role: string): Bag => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "binding", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
    subjects: [],
  });
  const secret = (value: string): Bag => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "secret", namespace },
    data: { a: Buffer.from(value).toString("base64") },
  });
  const budget = (minAvailable: number): Bag => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "budget", namespace },
    spec: { minAvailable, selector: { matchLabels: { app: "app" } } },
  });

  test.each<[string, Change, string]>([
    [
      "a name",
      {
        type: "core/v1:ConfigMap",
        before: plainMap,
        after: configMap(namespace, "other", { color: "blue", size: "1" }),
      },
      "metadata.name",
    ],
    [
      "a namespace",
      {
        type: "core/v1:ConfigMap",
        before: plainMap,
        after: configMap("elsewhere", "settings", { color: "blue", size: "1" }),
      },
      "metadata.namespace",
    ],
    [
      "a ConfigMap's data",
      {
        type: "core/v1:ConfigMap",
        before: plainMap,
        after: configMap(namespace, "settings", { color: "red", size: "1" }),
      },
      "data.color",
    ],
    ["a Secret's data", { type: "core/v1:Secret", before: secret("1"), after: secret("2") }, "data.a"],
    [
      "a Deployment's selector",
      {
        type: "apps/v1:Deployment",
        before: app,
        after: withSpec(app, { selector: { matchLabels: { app: "other" } } }),
      },
      "spec.selector.matchLabels.app",
    ],
    [
      "a Job's template",
      {
        type: "batch/v1:Job",
        before: job(namespace, "job"),
        after: withSpec(job(namespace, "job"), {
          template: {
            spec: {
              nodeName: "nowhere",
              restartPolicy: "OnFailure",
              containers: ((job(namespace, "job").spec as Bag).template as { spec: Bag }).spec.containers!,
            },
          },
        }),
      },
      "spec.template.spec.restartPolicy",
    ],
    [
      "a Service's address",
      {
        type: "core/v1:Service",
        before: service(namespace, "web", { clusterIP: "10.0.0.1" }),
        after: service(namespace, "web", { clusterIP: "10.0.0.2" }),
      },
      "spec.clusterIP",
    ],
    [
      "a binding's role",
      { type: "rbac.authorization.k8s.io/v1:RoleBinding", before: binding("one"), after: binding("two") },
      "roleRef.name",
    ],
  ])("a change of %s replaces", async (_, change, path) => {
    const result = await diff(change);
    expect(result.replaces).toContain(path);
    expect(result.detailed[path]).toBe("update-replace");
  });

  test("a PodDisruptionBudget changes in place", async () => {
    const result = await diff({ type: "policy/v1:PodDisruptionBudget", before: budget(1), after: budget(2) });
    expect(result).toMatchObject({ replaces: [], detailed: { "spec.minAvailable": "update" } });
  });

  test("an object that keeps its name is deleted before it is replaced", async () => {
    const after = configMap(namespace, "settings", { color: "red" });
    expect((await diff({ type: "core/v1:ConfigMap", before: plainMap, after })).deleteBeforeReplace).toBe(
      true,
    );
  });

  test("an object with a new name is replaced before it is deleted", async () => {
    const after = configMap(namespace, "other", { color: "red" });
    expect((await diff({ type: "core/v1:ConfigMap", before: plainMap, after })).deleteBeforeReplace).toBe(
      false,
    );
  });

  test("an object that was named automatically is replaced before it is deleted", async () => {
    const metadata = { name: "settings-1", namespace, annotations: { "pulumi.com/autonamed": "true" } };
    const before = { ...plainMap, metadata };
    const after = { ...before, data: { color: "red" } };
    const result = await diff({ type: "core/v1:ConfigMap", before, after });
    expect(result).toMatchObject({ deleteBeforeReplace: false });
    expect(result.replaces.length).toBeGreaterThan(0);
  });

  test("ConfigMaps change in place where the provider says so, unless they are immutable", async () => {
    const mutable = await Plugin.start(await installed("kubernetes"));
    await mutable.configure({ kubeconfig, enableConfigMapMutable: "true" }, "kubernetes");
    const urn = urnOf("core/v1:ConfigMap", "settings");
    const changed = (before: Bag) =>
      mutable.diff(urn, "settings", { ...before, __inputs: before }, { ...before, data: { color: "red" } });
    expect((await changed(plainMap)).replaces).toEqual([]);
    expect((await changed({ ...plainMap, immutable: true })).replaces).toContain("data.color");
    await mutable.stop();
  });

  test("an incomplete Job with replaceUnready is replaced, a complete one is not", async () => {
    const type = "batch/v1:Job";
    const state = async (name: string) => {
      const inputs = job(namespace, name, {
        "pulumi.com/replaceUnready": "true",
        "pulumi.com/skipAwait": "true",
      });
      const checked = await plugin.check(urnOf(type, name), inputs);
      return { inputs: checked.inputs, ...(await plugin.create(urnOf(type, name), checked.inputs)) };
    };
    const running = await state("running");
    const runningDiff = await plugin.diff(
      urnOf(type, "running"),
      running.id,
      running.properties,
      running.inputs,
    );
    expect(runningDiff).toMatchObject({ changes: true, deleteBeforeReplace: true });

    sandbox.playNode(() => podStatus.ended(0));
    const inputs = job(namespace, "complete", { "pulumi.com/replaceUnready": "true" });
    const checked = await plugin.check(urnOf(type, "complete"), inputs);
    const complete = await plugin.create(urnOf(type, "complete"), checked.inputs);
    const result = await plugin.diff(
      urnOf(type, "complete"),
      complete.id,
      complete.properties,
      checked.inputs,
    );
    expect(result).toMatchObject({ changes: false, replaces: [] });
  });
});

describe("telling whether it is still the same cluster", () => {
  const config = (server: string, token = "a"): Bag => ({
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }),
  });

  test("another server in the kubeconfig replaces the provider", async () => {
    const result = await plugin.diffConfig(config("https://one"), config("https://two"));
    expect(result).toMatchObject({ changes: true, replaces: ["kubeconfig"] });
  });

  test("other credentials for the same server do not", async () => {
    const result = await plugin.diffConfig(config("https://one"), config("https://one", "b"));
    expect(result).toMatchObject({ changes: true, replaces: [] });
  });

  test("with an unchanged clusterIdentifier nothing replaces the provider", async () => {
    const result = await plugin.diffConfig(
      { ...config("https://one"), clusterIdentifier: "canary" },
      { ...config("https://two"), clusterIdentifier: "canary" },
    );
    expect(result).toMatchObject({ changes: true, replaces: [] });
  });

  test("another clusterIdentifier replaces the provider", async () => {
    const result = await plugin.diffConfig(
      { ...config("https://one"), clusterIdentifier: "canary" },
      { ...config("https://one"), clusterIdentifier: "stable" },
    );
    expect(result).toMatchObject({ changes: true, replaces: ["clusterIdentifier"] });
  });
});
