import type { ResourceValidationPolicy } from "@pulumi/policy";
import { images } from "../../policies/pack/images";
import { podLabels } from "../../policies/pack/labels";
import { types } from "../../policies/pack/objects";
import { configMapSecrets, podSecrets } from "../../policies/pack/plain-text-secrets";
import { containerResources, noUnavailability, probes, securityContext } from "../../policies/pack/workloads";
import type { PlannedData } from "../../rollout/data-jobs";
import { next, old, rolling } from "../rollout/releases";
import { judgedTo, judgementsOf, violations } from "./pack-run";

const digest = `local/shop@sha256:${"a".repeat(64)}`;
const labels = { "app.kubernetes.io/name": "api" };

const goodContainer = {
  name: "api",
  image: digest,
  resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
  readinessProbe: { httpGet: { path: "/readyz", port: 8080 } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  env: [{ name: "DATABASE_URL", valueFrom: { secretKeyRef: { name: "shop", key: "url" } } }],
};

const goodPod = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
};

interface Changes {
  container?: object;
  pod?: object;
  strategy?: object;
  podLabels?: object;
}

function deployment({ container = {}, pod = {}, strategy, podLabels: own = labels }: Changes = {}) {
  return {
    metadata: { name: "api", namespace: "shop-canary", labels },
    spec: {
      strategy: strategy ?? { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: own },
        spec: { ...goodPod, ...pod, containers: [{ ...goodContainer, ...container }] },
      },
    },
  };
}

const env = (name: string, value: string): Changes => ({ container: { env: [{ name, value }] } });
const nothingJudged = judgementsOf(null);

type Case = [string, ResourceValidationPolicy, Changes, RegExp];

const bad: Case[] = [
  ["an image by tag", images(nothingJudged), { container: { image: "shop:1.0.0" } }, /not pinned by digest/],
  ["an image without anything", images(nothingJudged), { container: { image: "shop" } }, /not pinned/],
  ["half a digest", images(nothingJudged), { container: { image: "shop@sha256:abc" } }, /not pinned/],
  [
    "no resources",
    containerResources,
    { container: { resources: undefined } },
    /requests.cpu.*limits.memory/,
  ],
  [
    "no memory limit",
    containerResources,
    { container: { resources: { ...goodContainer.resources, limits: {} } } },
    /limits.memory/,
  ],
  ["no readiness probe", probes, { container: { readinessProbe: undefined } }, /no readinessProbe/],
  ["root", securityContext, { pod: { securityContext: {} } }, /runAsNonRoot/],
  ["no seccomp profile", securityContext, { pod: { securityContext: { runAsNonRoot: true } } }, /seccomp/],
  [
    "an unconfined seccomp profile",
    securityContext,
    { pod: { securityContext: { runAsNonRoot: true, seccompProfile: { type: "Unconfined" } } } },
    /seccomp/,
  ],
  [
    "the API server's token",
    securityContext,
    { pod: { automountServiceAccountToken: undefined } },
    /automount/,
  ],
  ["the host's network", securityContext, { pod: { hostNetwork: true } }, /namespace of the host/],
  [
    "the host's files",
    securityContext,
    { pod: { volumes: [{ name: "root", hostPath: { path: "/" } }] } },
    /path of the host/,
  ],
  [
    "a token that is mounted by hand",
    securityContext,
    {
      pod: {
        volumes: [{ name: "api", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
      },
    },
    /token of its service account/,
  ],
  [
    "settings of the kernel",
    securityContext,
    { pod: { securityContext: { ...goodPod.securityContext, sysctls: [{ name: "kernel.msgmax" }] } } },
    /sysctls/,
  ],
  [
    "a container without the pod's seccomp profile",
    securityContext,
    {
      container: {
        securityContext: { ...goodContainer.securityContext, seccompProfile: { type: "Unconfined" } },
      },
    },
    /takes the pod's seccomp profile away/,
  ],
  [
    "all of /proc",
    securityContext,
    { container: { securityContext: { ...goodContainer.securityContext, procMount: "Unmasked" } } },
    /unmasked/,
  ],
  [
    "a port of the host",
    securityContext,
    { container: { ports: [{ containerPort: 80, hostPort: 80 }] } },
    /port of the host/,
  ],
  [
    "privileges",
    securityContext,
    { container: { securityContext: { ...goodContainer.securityContext, privileged: true } } },
    /is privileged/,
  ],
  [
    "escalation",
    securityContext,
    { container: { securityContext: { capabilities: { drop: ["ALL"] } } } },
    /allowPrivilegeEscalation/,
  ],
  [
    "capabilities that are kept",
    securityContext,
    { container: { securityContext: { allowPrivilegeEscalation: false } } },
    /drop all capabilities/,
  ],
  [
    "capabilities that are added",
    securityContext,
    {
      container: {
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
        },
      },
    },
    /adds the capabilities NET_ADMIN/,
  ],
  [
    "a container of its own as root",
    securityContext,
    { container: { securityContext: { ...goodContainer.securityContext, runAsNonRoot: false } } },
    /may run as root/,
  ],
  [
    "the same of an init container",
    securityContext,
    { pod: { initContainers: [{ ...goodContainer, securityContext: {} }] } },
    /allowPrivilegeEscalation/,
  ],
  [
    "pods that are taken away first",
    noUnavailability,
    { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } },
    /maxUnavailable is 1/,
  ],
  ["Kubernetes' own default", noUnavailability, { strategy: {} }, /maxUnavailable is 25%/],
  ["all pods at once", noUnavailability, { strategy: { type: "Recreate" } }, /Recreate/],
  ["a password", podSecrets, env("DB_PASSWORD", "hunter2"), /DB_PASSWORD in plain text/],
  ["a token", podSecrets, env("GITHUB_TOKEN", "abc"), /plain text/],
  ["a key in camel case", podSecrets, env("stripeApiKey", "abc"), /plain text/],
  ["a client secret", podSecrets, env("CLIENT_SECRET", "abc"), /plain text/],
  ["a database's address", podSecrets, env("DATABASE_URL", "postgresql://db/shop"), /plain text/],
  ["a URL with a password", podSecrets, env("UPSTREAM", "amqp://ann:pw@queue/"), /plain text/],
  ["a private key", podSecrets, env("CERTIFICATE", "-----BEGIN EC PRIVATE KEY-----\nabc"), /plain text/],
  [
    "an argument with a password",
    podSecrets,
    { container: { args: ["--db", "postgres://ann:pw@db/shop"] } },
    /among its arguments/,
  ],
  ["pods without their object's labels", podLabels, { podLabels: {} }, /no label app.kubernetes.io\/name/],
  [
    "something that is no Deployment",
    probes,
    { pod: { securityContext: "none" } },
    /api: spec.template.spec/,
  ],
];

const policies = [
  images(nothingJudged),
  containerResources,
  probes,
  securityContext,
  noUnavailability,
  podSecrets,
  podLabels,
];

describe("how a Deployment is built", () => {
  test.each(policies.map((policy) => [policy.name, policy] as const))(
    "%s: a good one is good",
    async (_, one) => {
      expect(one.enforcementLevel).toBe("mandatory");
      expect(await violations(one, { type: types.deployment, name: "api", props: deployment() })).toEqual([]);
    },
  );

  test.each(bad)("%s is found", async (_, policy, changes, message) => {
    const found = await violations(policy, {
      type: types.deployment,
      name: "api",
      props: deployment(changes),
    });
    expect(found.join("\n")).toMatch(message);
  });

  test.each([
    ["empty", "API_TOKEN", ""],
    ["where it is", "TLS_KEY_FILE", "/run/tls.key"],
    ["what it is called", "SECRET_NAME", "shop-database"],
    ["for everybody to know", "PUBLIC_KEY", "abc"],
    ["an address without a password", "UPSTREAM", "http://api.shop:8080/x@y"],
    ["only a word in a word", "MONKEY_BARS", "3"],
  ])("a value that is %s is no secret", async (_, name, value) => {
    const props = deployment(env(name, value));
    expect(await violations(podSecrets, { type: types.deployment, props })).toEqual([]);
  });

  test.each([
    ["another release", `x@sha256:${"9".repeat(64)}`],
    ["another service", old.services.worker!.image],
  ])("an image of %s than the label says is found", async (_, other) => {
    const own = {
      "app.kubernetes.io/name": "api",
      "release-channels.dev/release": old.id,
    };
    const withImage = (image: string) => ({
      type: types.deployment,
      props: {
        ...deployment({ container: { image } }),
        metadata: { name: "api", namespace: "x", labels: own },
      },
    });
    const policy = images(judgementsOf(judgedTo(rolling(10))));
    expect(await violations(policy, withImage(old.services.api!.image))).toEqual([]);
    expect(await violations(policy, withImage(other))).toEqual([
      expect.stringMatching(/is not an image of api of release 1\.0\.0/),
    ]);
  });
});

describe("a Job that is no migration", () => {
  const digest = (letter: string) => `local/data@sha256:${letter.repeat(64)}`;
  const [compares, enters] = [digest("4"), digest("5")];
  const compared = { ...next, reconciliation: { image: compares } };
  const data: PlannedData = {
    migrations: [],
    reconciliations: [{ name: "compare", run: "compare", weight: 10, of: compared }],
    companions: [
      {
        ...{ name: "enter", run: "enter", due: true },
        job: { kind: "ledger", of: "t2", release: next.id, version: "1.1.0", ledger: { image: enters } },
      },
    ],
  };
  const policy = images(judgementsOf(judgedTo(rolling(10, compared), "advance", { data })));

  test.each<[string, string, string, boolean]>([
    ["compares by its own image", "compare", compares, true],
    ["compares by that of a service", "compare", next.services.api!.image, false],
    ["enters releases by its own image", "enter", enters, true],
    ["enters releases by that of a service", "enter", next.services.api!.image, false],
    ["nobody planned", "other", next.services.api!.image, false],
  ])("%s", async (_, run, image, good) => {
    const metadata = {
      name: run,
      namespace: "x",
      labels: { "release-channels.dev/release": next.id, "release-channels.dev/run": run },
    };
    const props = { ...deployment({ container: { image } }), metadata };
    expect(await violations(policy, { type: types.job, props })).toHaveLength(good ? 0 : 1);
  });
});

describe("a ConfigMap", () => {
  const policy = configMapSecrets(judgementsOf(judgedTo(rolling(10))));
  const map = (name: string, data: object) => ({
    type: types.configMap,
    props: { metadata: { name, namespace: "shop-canary" }, data },
  });

  test("without secrets is good", async () => {
    expect(await violations(policy, map("api", { SHOP_CURRENCY: "EUR" }))).toEqual([]);
  });

  test("with one is found", async () => {
    const [found] = await violations(policy, map("api", { SMTP_PASSWORD: "x" }));
    expect(found).toMatch(/SMTP_PASSWORD in plain text/);
  });

  test("that is the mirror is left to the policy of the record", async () => {
    expect(await violations(policy, map("shop-canary-record", { KEY: "x" }))).toEqual([]);
  });
});
