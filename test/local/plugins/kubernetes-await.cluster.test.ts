import type { Bag } from "../../../local/plugins/protocol/values";
import { installed, kubeconfig, Sandbox } from "./cluster";
import { eventually, failure, Plugin } from "./harness";
import { deployment, job, service, urnOf, widget, widgetDefinition } from "./objects";
import { podStatus } from "./podStatus";

let plugin: Plugin;
const sandbox = new Sandbox();
const { namespace } = sandbox;
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

const specOf = (pod: Bag) => (pod.spec as Bag).containers as Bag[];
const appUrn = (name: string) => urnOf("apps/v1:Deployment", name);
const jobUrn = (name: string) => urnOf("batch/v1:Job", name);

describe("waiting for a Deployment", () => {
  test("ends when its pods are ready, and shows how many are", async () => {
    sandbox.playNode(() => undefined);
    const creating = plugin.create(appUrn("good"), deployment(namespace, "good", { replicas: 2 }));
    await eventually(
      async () => plugin.messages(appUrn("good")),
      (messages) => messages.includes("Waiting for app ReplicaSet to be available (0/2 Pods available)"),
    );
    sandbox.playNode(() => podStatus.ready());
    const { properties } = await creating;
    expect(properties.status).toMatchObject({ availableReplicas: 2 });
  });

  test("ends an update when the pods of the new revision are ready", async () => {
    sandbox.playNode(() => podStatus.ready());
    const { id, properties } = await plugin.create(appUrn("rolling"), deployment(namespace, "rolling"));
    sandbox.playNode((pod) => (specOf(pod)[0]?.image === "two" ? undefined : podStatus.ready()));
    let isDone = false;
    const updating = plugin
      .update(appUrn("rolling"), id, properties, deployment(namespace, "rolling", { image: "two" }))
      .finally(() => {
        isDone = true;
      });
    await eventually(
      () => sandbox.pods("app=rolling"),
      (pods) => pods.some((pod) => specOf(pod)[0]?.image === "two"),
    );
    expect(isDone).toBe(false);
    sandbox.playNode(() => podStatus.ready());
    expect((await updating).status).toMatchObject({ updatedReplicas: 1, availableReplicas: 1 });
  });

  test("ends at once for a change that starts no pods", async () => {
    sandbox.playNode(() => podStatus.ready());
    const { id, properties } = await plugin.create(appUrn("scaled"), deployment(namespace, "scaled"));
    const updated = await plugin.update(
      appUrn("scaled"),
      id,
      properties,
      deployment(namespace, "scaled", { replicas: 0 }),
    );
    expect(updated.spec).toMatchObject({ replicas: 0 });
    expect(plugin.messages(appUrn("scaled"))).toContain('Replicas scaled to 0 for Deployment "scaled"');
  });

  test("gives up after timeoutSeconds, with what keeps its containers waiting", async () => {
    sandbox.playNode(() => podStatus.waiting("ErrImageNeverPull", 'Container image "one" is not present'));
    const inputs = deployment(namespace, "bad", { annotations: { "pulumi.com/timeoutSeconds": "3" } });
    const error = await failure(plugin.create(appUrn("bad"), inputs));
    expect(error.message).toContain(
      "failed to fully initialize or become live: 'bad' timed out waiting to be Ready",
    );
    expect(error.partial).toMatchObject({ id: `${namespace}/bad`, properties: { __inputs: inputs } });
    const reasons = error.partial?.reasons.join("\n");
    expect(reasons).toContain("[MinimumReplicasUnavailable] Deployment does not have minimum availability.");
    expect(reasons).toContain("Minimum number of live Pods was not attained");
    expect(reasons).toContain('[ErrImageNeverPull] Container image "one" is not present');
  });

  test("gives up after the resource's custom timeout, which counts more than the annotation", async () => {
    sandbox.playNode(() => undefined);
    const inputs = deployment(namespace, "custom", { annotations: { "pulumi.com/timeoutSeconds": "600" } });
    const error = await failure(plugin.create(appUrn("custom"), inputs, { timeout: 1 }));
    expect(error.message).toContain("timed out waiting to be Ready");
  });

  test("tells when it makes no progress", async () => {
    sandbox.playNode(() => podStatus.waiting("CrashLoopBackOff", "back-off restarting failed container"));
    const inputs = deployment(namespace, "stalled", { annotations: { "pulumi.com/timeoutSeconds": "6" } });
    (inputs.spec as Bag).progressDeadlineSeconds = 1;
    const error = await failure(plugin.create(appUrn("stalled"), inputs));
    expect(error.partial?.reasons.join("\n")).toContain("[ProgressDeadlineExceeded]");
  });

  test("does not happen with skipAwait", async () => {
    sandbox.playNode(() => undefined);
    const annotations = { "pulumi.com/skipAwait": "true" };
    const { id } = await plugin.create(appUrn("skipped"), deployment(namespace, "skipped", { annotations }));
    expect(id).toBe(`${namespace}/skipped`);
    expect(plugin.messages(appUrn("skipped"))).toContain("Skipping await logic");
  });

  test("ends when the engine cancels, with the object kept in the state", async () => {
    const canceled = await Plugin.start(await installed("kubernetes"));
    await canceled.configure({ kubeconfig }, "kubernetes");
    sandbox.playNode(() => undefined);
    const creating = failure(canceled.create(appUrn("canceled"), deployment(namespace, "canceled")));
    await eventually(() => canceled.messages(appUrn("canceled")).length > 0);
    await canceled.cancel();
    const error = await creating;
    expect(error.message).toContain('Resource operation was cancelled for "canceled"');
    expect(error.partial).toMatchObject({ id: `${namespace}/canceled` });
    await canceled.stop();
  });
});

describe("waiting for a Job", () => {
  test("ends when it has completed, and shows its progress", async () => {
    sandbox.playNode(() => podStatus.ended(0));
    const { properties } = await plugin.create(jobUrn("good"), job(namespace, "good"));
    expect(properties.status).toMatchObject({ succeeded: 1 });
    expect(plugin.messages(jobUrn("good"))).toContain(
      `Waiting for Job "${namespace}/good" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)`,
    );
  });

  test("ends at once when it is complete and only its annotations change", async () => {
    sandbox.playNode(() => podStatus.ended(0));
    const inputs = job(namespace, "noted");
    const { id, properties } = await plugin.create(jobUrn("noted"), inputs);
    const metadata = { ...(inputs.metadata as Bag), annotations: { note: "again" } };
    const updated = await plugin.update(jobUrn("noted"), id, properties, { ...inputs, metadata });
    expect(updated).toMatchObject({ kind: "Job", metadata: { annotations: { note: "again" } } });
  });

  test("fails when it has failed, with what its container said last", async () => {
    sandbox.playNode(() => podStatus.ended(1, "column exists already"));
    const error = await failure(plugin.create(jobUrn("bad"), job(namespace, "bad")));
    expect(error.message).toContain("Resource 'bad' was created but failed to initialize");
    const reasons = error.partial?.reasons.join("\n");
    expect(reasons).toContain("[BackoffLimitExceeded]");
    expect(reasons).toContain("[Error] column exists already");
  });

  test("fails when it has run too long", async () => {
    sandbox.playNode(() => podStatus.ready());
    const inputs = job(namespace, "slow");
    (inputs.spec as Bag).activeDeadlineSeconds = 1;
    const error = await failure(plugin.create(jobUrn("slow"), inputs));
    expect(error.partial?.reasons.join("\n")).toContain("[DeadlineExceeded]");
  });
});

describe("waiting for a Service", () => {
  test("ends when its endpoints have settled", async () => {
    const urn = urnOf("core/v1:Service", "web");
    await plugin.create(urn, service(namespace, "web"));
    expect(plugin.messages(urn)).toEqual(expect.arrayContaining(["[1/3] Finding Pods to direct traffic to"]));
  });

  test.each<[string, Bag]>([
    ["headless", { clusterIP: "None" }],
    ["without a selector", { selector: {} }],
  ])("does not happen when it is %s", async (name, spec) => {
    const id = name.replaceAll(" ", "-");
    const created = await plugin.create(urnOf("core/v1:Service", id), service(namespace, id, spec));
    expect(created.id).toBe(`${namespace}/${id}`);
  });
});

describe("waiting for what waitFor names", () => {
  beforeAll(async () => {
    await sandbox.put(widgetDefinition(group));
    const probe = widget(group, namespace, "probe");
    await eventually(() =>
      sandbox.put(probe).then(
        () => true,
        () => false,
      ),
    );
  });

  const ready: Bag = { phase: "Ready", conditions: [{ type: "Accepted", status: "True" }] };

  test.each([
    ["a field", "jsonpath={.status.phase}=Ready"],
    ["a field's existence", "jsonpath={.status.phase}"],
    ["an element", 'jsonpath={.status.conditions[?(@.type=="Accepted")].status}=True'],
    ["a condition", "condition=Accepted"],
    ["several at once", JSON.stringify(["condition=Accepted", "jsonpath={.status.phase}=Ready"])],
  ])("ends when %s is as wanted", async (title, expression) => {
    const name = title.replaceAll(/[^a-z]+/g, "-");
    const urn = urnOf(`${group}/v1:Widget`, name);
    const inputs = widget(group, namespace, name, { "pulumi.com/waitFor": expression });
    let isDone = false;
    const creating = plugin.create(urn, inputs).finally(() => {
      isDone = true;
    });
    await eventually(() => sandbox.get(inputs));
    await sandbox.patch(
      inputs,
      { status: { conditions: [{ type: "Accepted", status: "False" }] } },
      "controller",
      "/status",
    );
    await eventually(() => plugin.messages(urn).length > 0);
    expect(isDone && expression !== "jsonpath={.status.phase}").toBe(false);
    await sandbox.patch(inputs, { status: ready }, "controller", "/status");
    expect((await creating).properties.status).toMatchObject({ phase: "Ready" });
  });

  test("gives up after timeoutSeconds", async () => {
    const annotations = { "pulumi.com/waitFor": "condition=Accepted", "pulumi.com/timeoutSeconds": "1" };
    const inputs = widget(group, namespace, "never", annotations);
    const error = await failure(plugin.create(urnOf(`${group}/v1:Widget`, "never"), inputs));
    expect(error.message).toContain("timed out waiting for the condition");
    expect(error.partial).toMatchObject({ id: `${namespace}/never` });
  });

  test("refuses an expression it can't read", async () => {
    const inputs = widget(group, namespace, "wrong", { "pulumi.com/waitFor": "status.phase=Ready" });
    const error = await failure(plugin.create(urnOf(`${group}/v1:Widget`, "wrong"), inputs));
    expect(error.message).toContain('expected a "jsonpath=" or "condition=" prefix');
  });
});
