import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { request } from "undici";
import { clusterEnvironment } from "../../../local/cluster/environment";
import { runningProcesses } from "../../../local/cluster/process";
import { gatewayUrl, network, ports, prometheusUrl, stateDir } from "../../../local/settings";

const namespace = `cluster-test-${randomBytes(3).toString("hex")}`;

function kubectl(args: string[], input = ""): string {
  const env = { ...process.env, ...clusterEnvironment() };
  return execFileSync("kubectl", args, { env, input, encoding: "utf8" }).trim();
}

/** What a person runs; its progress goes to stderr. */
function up(): void {
  execFileSync(process.execPath, ["run.cjs", "local/cli.ts", "up"], { stdio: ["ignore", "ignore", "pipe"] });
}

async function eventually<T>(read: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(100)) {
    const value = await read();
    if (value !== undefined) return value;
  }
  throw new Error(`not within ${seconds} s`);
}

async function metrics(expression: string): Promise<Record<string, string>[]> {
  const { body } = await request(`${prometheusUrl}/api/v1/query`, { query: { query: expression } });
  const { data } = (await body.json()) as { data: { result: { metric: Record<string, string> }[] } };
  return data.result.map(({ metric }) => metric);
}

function secretUrl(channel: string, secret: string): URL {
  const template = "go-template={{.data.url | base64decode}}";
  return new URL(kubectl(["get", "secret", secret, "-n", `shop-${channel}`, "-o", template]));
}

const databaseUrl = (channel: string) => secretUrl(channel, "shop-database");

async function connect(url: URL): Promise<{ role: string; database: string }> {
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    return (await client.query("SELECT current_user AS role, current_database() AS database")).rows[0];
  } finally {
    await client.end();
  }
}

function mayDo(account: string, ...what: string[]): boolean {
  const identity = `system:serviceaccount:release-channels:${account}`;
  try {
    return kubectl(["auth", "can-i", ...what, "--all-namespaces", "--as", identity]) === "yes";
  } catch {
    return false;
  }
}

const server = `
  const serve = (_, response) => response.end("answers_total 1\\n");
  require("node:http").createServer(serve).listen(8080);
  console.log("serving");
`;

const workload = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { "app.kubernetes.io/name": "web" } },
      template: {
        metadata: {
          labels: { "app.kubernetes.io/name": "web", "app.kubernetes.io/version": "7.8.9" },
          annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" },
        },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "web",
              image: "local/shop-api:1.0.0",
              imagePullPolicy: "Never",
              command: ["node", "-e", server],
              readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace },
    spec: { selector: { "app.kubernetes.io/name": "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "web", namespace },
    spec: {
      parentRefs: [{ name: "shared", namespace: "gateway" }],
      hostnames: [`${namespace}.localhost`],
      rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
    },
  },
];

describe("the embedded cluster", () => {
  jest.setTimeout(120_000);

  beforeAll(() => {
    kubectl(["create", "namespace", namespace]);
    kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: workload }));
    kubectl(["rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s"]);
  });
  afterAll(() => {
    kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("has one real node, on the bridge", () => {
    const address =
      "jsonpath={.items[*].metadata.name} {.items[*].status.addresses[?(@.type=='InternalIP')].address}";
    expect(kubectl(["get", "nodes", "-o", address])).toBe(`local ${network.hostAddress}`);
  });

  it("tells its version as the one it was built from", () => {
    expect(JSON.parse(kubectl(["get", "--raw", "/version"]))).toMatchObject({ major: "1", minor: "34" });
  });

  it("routes from the gateway to pods", async () => {
    const answer = await eventually(async () => {
      const { statusCode, body } = await request(gatewayUrl, { headers: { host: `${namespace}.localhost` } });
      const text = await body.text();
      return statusCode === 200 ? text : undefined;
    });
    expect(answer).toBe("answers_total 1\n");
  });

  it("scrapes pods under the labels that the gates ask for", async () => {
    const series = await eventually(async () => {
      const found = await metrics(`answers_total{namespace="${namespace}"}`);
      return found.length === 2 ? found : undefined;
    });
    expect(series[0]).toMatchObject({ job: "pods", service: "web", version: "7.8.9" });
  });

  it("scrapes the gateway's figures per service", async () => {
    const series = await eventually(async () => {
      await (await request(gatewayUrl, { headers: { host: `${namespace}.localhost` } })).body.dump();
      const found = await metrics(`traefik_service_requests_total{service=~"${namespace}-.*"}`);
      return found.length > 0 ? found : undefined;
    });
    expect(series[0]).toMatchObject({ job: "gateway", code: "200" });
  });

  it("shows logs of pods, and runs commands in them", () => {
    expect(kubectl(["logs", "deployment/web", "-n", namespace])).toBe("serving");
    const print = ["node", "-p", "1 + 1"];
    expect(kubectl(["exec", "deployment/web", "-n", namespace, "--", ...print])).toBe("2");
  });

  it("gives pods no way out of their own network", () => {
    const open = `require("node:net").connect(80, "192.0.2.1").on("error", (error) => console.log(error.code))`;
    expect(kubectl(["exec", "deployment/web", "-n", namespace, "--", "node", "-e", open])).toBe(
      "ENETUNREACH",
    );
  });

  it("gives each channel a database of its own, reachable from the pods' network", async () => {
    expect(databaseUrl("canary").host).toBe(`${network.hostAddress}:${ports.postgres}`);
    expect(await connect(databaseUrl("canary"))).toEqual({ role: "shop_canary", database: "shop_canary" });
    expect(await connect(databaseUrl("stable"))).toEqual({ role: "shop_stable", database: "shop_stable" });
  });

  it("keeps a channel out of the other's database, and strangers out of all", async () => {
    const other = databaseUrl("canary");
    other.pathname = "/shop_stable";
    await expect(connect(other)).rejects.toThrow(/no pg_hba.conf entry/);
    const wrong = databaseUrl("canary");
    wrong.password = "guess";
    await expect(connect(wrong)).rejects.toThrow(/password authentication failed/);
  });

  it("lets restore tests create databases of their own, and look into nobody else's", async () => {
    const scratch = secretUrl("canary", "shop-database-scratch");
    expect(await connect(scratch)).toEqual({ role: "shop_canary_scratch", database: "postgres" });
    for (const database of ["shop_canary", "shop_stable"]) {
      scratch.pathname = `/${database}`;
      await expect(connect(scratch)).rejects.toThrow(/permission denied for database/);
    }
    const name = "restore_test_of_the_cluster";
    const client = new Client({ connectionString: secretUrl("canary", "shop-database-scratch").href });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.query(`drop database ${name}`);
    await client.end();
  });

  it("has a volume for each channel's backups", () => {
    for (const namespace of ["shop-canary", "shop-stable"]) {
      const phase = ["get", "pvc", "shop-backup", "-n", namespace, "-o", "jsonpath={.status.phase}"];
      expect(kubectl(phase)).toBe("Bound");
    }
  });

  it("lets gateway and metrics do no more than their work in the API", () => {
    expect(mayDo("traefik", "watch", "httproutes")).toBe(true);
    expect(mayDo("traefik", "create", "pods")).toBe(false);
    expect(mayDo("traefik", "patch", "httproutes")).toBe(false);
    expect(mayDo("prometheus", "watch", "pods")).toBe(true);
    expect(mayDo("prometheus", "get", "secrets")).toBe(false);
  });

  it("keeps its secrets in files for their owner alone", () => {
    for (const name of ["shop_canary", "shop_stable", "pulumi-passphrase"]) {
      expect(statSync(`${stateDir}/secrets/${name}`).mode & 0o077).toBe(0);
    }
    const commandLines = runningProcesses().map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    expect(commandLines.filter((line) => line.includes(databaseUrl("canary").password))).toEqual([]);
  });

  it("doesn't run its database as root", () => {
    const postgres = runningProcesses().find(({ name }) => name === "postgres");
    expect(statSync(`/proc/${postgres?.pid}`).uid).not.toBe(0);
  });

  it("is left as it is by another `up`", () => {
    const services = [
      "etcd",
      "kube-apiserver",
      "containerd",
      "kubelet",
      "traefik",
      "prometheus",
      "pod-targets",
    ];
    const identify = () =>
      services.map((service) => runningProcesses().find(({ name }) => name === service)?.pid);
    const before = identify();
    up();
    expect(identify()).toEqual(before);
  });

  it("is repaired by `up` when one of its processes was killed", () => {
    const watcher = () => runningProcesses().find(({ name }) => name === "pod-targets")?.pid;
    const before = watcher();
    process.kill(before ?? 0, "SIGKILL");
    up();
    expect(watcher()).toEqual(expect.any(Number));
    expect(watcher()).not.toBe(before);
  });
});
