import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { projectDir } from "../../../local/settings";
import { home, installed, kubeconfig, Sandbox } from "./cluster";
import { configMap } from "./objects";
import { podStatus } from "./podStatus";

const sandbox = new Sandbox();
const { namespace } = sandbox;
const folder = mkdtempSync(join(tmpdir(), "engine-"));

const program = `
const pulumi = require("@pulumi/pulumi");
const k8s = require("@pulumi/kubernetes");
const { local } = require("@pulumi/command");
const { namespace, version, kubeconfig } = JSON.parse(process.env.CONFORMANCE);
const provider = new k8s.Provider("cluster", { kubeconfig, namespace, clusterIdentifier: namespace });
const labels = { app: "app" };
const settings = new k8s.core.v1.ConfigMap("settings", { data: { version } }, { provider });
const secret = new k8s.core.v1.Secret("secret", { stringData: { token: pulumi.secret("hush") } }, { provider });
const app = new k8s.apps.v1.Deployment("app", {
  metadata: { name: "app" },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels, annotations: { version } },
      spec: {
        nodeName: "nowhere",
        containers: [{
          name: "main",
          image: "one",
          resources: { requests: { cpu: "1000m" } },
          env: [{ name: "EMPTY", value: "" }, { name: "SETTINGS", value: settings.metadata.name }],
        }],
      },
    },
  },
}, { provider });
new k8s.core.v1.Service("web", {
  metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
}, { provider });
new k8s.policy.v1.PodDisruptionBudget("budget", {
  spec: { minAvailable: 1, selector: { matchLabels: labels } },
}, { provider });
new k8s.batch.v1.Job("migrate", {
  metadata: { name: "migrate-" + version },
  spec: {
    backoffLimit: 0,
    template: { spec: { nodeName: "nowhere", restartPolicy: "Never", containers: [{ name: "main", image: "one" }] } },
  },
}, { provider });
const confirm = new local.Command("confirm", {
  create: "cat",
  stdin: pulumi.jsonStringify({ app: app.metadata.name, generation: app.metadata.generation }),
  triggers: [version],
});
exports.confirmed = confirm.stdout;
exports.token = secret.data;
`;

beforeAll(async () => {
  await installed("kubernetes");
  await sandbox.open();
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: conformance\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "conformance", main: "index.js" }));
  writeFileSync(join(folder, "index.js"), program);
  symlinkSync(join(projectDir, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "backend"));
  await pulumi("1", "stack", "init", "test");
  sandbox.playNode((pod) =>
    (pod.metadata as { labels: Record<string, string> }).labels.app === "app"
      ? podStatus.ready()
      : podStatus.ended(0),
  );
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

async function pulumi(version: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    "pulumi",
    [...args, "--non-interactive", "--color=never"],
    {
      cwd: folder,
      env: {
        ...process.env,
        ...clusterEnvironment(),
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_STACK: "test",
        CONFORMANCE: JSON.stringify({ namespace, version, kubeconfig }),
      },
    },
  ).catch((error: { stdout: string; message: string }) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  return stdout + stderr;
}

const outputs = async () => JSON.parse(await pulumi("1", "stack", "output", "--json"));

describe("a program under the real engine", () => {
  test("is previewed, deployed, changed, refreshed and destroyed", async () => {
    expect(await pulumi("1", "preview")).toContain("+ 9 to create");
    await pulumi("1", "up", "--yes", "--skip-preview");
    expect(JSON.parse((await outputs()).confirmed)).toEqual({ app: "app", generation: 1 });
    expect((await outputs()).token).toBe("[secret]");

    expect(await pulumi("1", "preview")).toContain("9 unchanged");
    await pulumi("1", "refresh", "--yes", "--skip-preview");
    expect(await pulumi("1", "preview", "--expect-no-changes")).toContain("9 unchanged");

    const preview = await pulumi("2", "preview", "--diff");
    expect(preview).toContain("spec.template.metadata.annotations".split(".").at(-1));
    await pulumi("2", "up", "--yes", "--skip-preview");
    expect(JSON.parse((await outputs()).confirmed)).toEqual({ app: "app", generation: 2 });
    expect(await pulumi("2", "preview", "--expect-no-changes")).toContain("9 unchanged");

    await pulumi("2", "destroy", "--yes", "--skip-preview");
    expect(await sandbox.pods("app=app")).toHaveLength(0);
  }, 120_000);

  test("takes an object of the cluster over with an import", async () => {
    await sandbox.put(configMap(namespace, "imported", { color: "red" }));
    writeFileSync(
      join(folder, "index.js"),
      `const k8s = require("@pulumi/kubernetes");
const { namespace, kubeconfig } = JSON.parse(process.env.CONFORMANCE);
const provider = new k8s.Provider("cluster", { kubeconfig, namespace, clusterIdentifier: namespace });
new k8s.core.v1.ConfigMap("imported", { metadata: { name: "imported" }, data: { color: "red" } },
  { provider, import: namespace + "/imported" });`,
    );
    expect(await pulumi("1", "up", "--yes", "--skip-preview")).toContain("1 imported");
    expect(await pulumi("1", "preview", "--expect-no-changes")).toContain("unchanged");
  }, 60_000);
});
