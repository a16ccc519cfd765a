import { jobName } from "../../rollout/migrations";
import type { Intent, Position, TransitionKind } from "../../rollout/record";
import { objectName, resolveRelease } from "../../rollout/release";
import {
  aFile,
  apiAndWorker,
  aRelease,
  at,
  completed,
  liveAt,
  next,
  old,
  rolledBack,
  rolling,
  steady,
} from "../rollout/releases";
import { type Circumstances, correction, envelopeOf, lookAgain, reconciliation, transition } from "./channel";
import type { Registration } from "./engine";
import { section } from "./section";

const find = (list: Registration[], part: string): Registration => {
  const found = list.filter(({ name }) => name === part);
  if (found.length !== 1) throw new Error(`${found.length} resources are named ${part}`);
  return found[0] as Registration;
};
const deployment = (service: string, release: { id: string }) => `canary-${service}-${release.id}-deployment`;
const ofType = (list: Registration[], type: string) => list.filter((resource) => resource.type === type);
const spec = ({ inputs }: Registration) => inputs.spec as Record<string, never>;

/** The envelope of the evidence that was registered. */
/** Names in the order of registration, without what is only a wrapper. */
const order = (list: Registration[]) => list.filter(({ custom }) => custom).map(({ name }) => name);

/** `a` is registered after everything of `before` was answered. */
function expectOrder(list: Registration[], ...names: string[]): void {
  const all = order(list);
  const positions = names.map((name) => {
    expect(all).toContain(name);
    return all.indexOf(name);
  });
  expect(positions).toEqual([...positions].sort((left, right) => left - right));
}

type Story = [TransitionKind, Position | null, Position];
const stories: Story[] = [
  ["install", null, steady()],
  ["start", steady(), rolling(10)],
  ["advance", rolling(10), rolling(30)],
  ["advance", rolling(30), completed()],
  ["rollback", rolling(30), rolledBack()],
  ["rollback", completed(), rolledBack()],
  ["finalize", completed(), steady(next)],
  ["finalize", rolledBack(), steady()],
  ["correct", rolling(30), rolling(5)],
];

describe("the order of an update", () => {
  test.each(stories)(
    "%s: intent, then routes, then the question to the data plane, then the record",
    async (...story) => {
      const { registrations } = await transition(...story);
      expectOrder(
        registrations,
        "intent",
        "canary-api-route",
        "canary-confirmation-command",
        "record",
        "canary-mirror",
      );
      expect(order(registrations).filter((name) => name !== "canary-cluster")[0]).toBe("intent");
    },
  );

  test("a start: the candidate is ready before the route, the baseline is touched after the record", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    for (const service of ["api", "worker"]) {
      expectOrder(
        registrations,
        "intent",
        deployment(service, next),
        "canary-api-route",
        "record",
        deployment(service, old),
      );
    }
  });

  test("an advance to 100 %: the same", async () => {
    const { registrations } = await transition("advance", rolling(30), completed());
    for (const service of ["api", "worker"]) {
      expectOrder(
        registrations,
        deployment(service, next),
        "canary-api-route",
        "record",
        deployment(service, old),
      );
    }
  });

  test.each([rolling(30), completed()])("a rollback: the other way round (%#)", async (from) => {
    const { registrations } = await transition("rollback", from, rolledBack());
    for (const service of ["api", "worker"]) {
      expectOrder(
        registrations,
        deployment(service, old),
        "canary-api-route",
        "record",
        deployment(service, next),
      );
    }
  });

  test("is a matter of dependencies, not of chance", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const route = find(registrations, "canary-api-route");
    expect(route.dependencies).toEqual(
      expect.arrayContaining(["intent", deployment("api", next), deployment("worker", next)]),
    );
    expect(find(registrations, "canary-confirmation-command").dependencies).toContain("canary-api-route");
    expect(find(registrations, "record").dependencies).toContain("canary-confirmation-command");
    expect(find(registrations, deployment("api", old)).dependencies).toContain("record");
    expect(find(registrations, deployment("api", next)).dependencies).toContain("intent");
    expect(find(registrations, deployment("api", next)).dependencies).not.toContain("record");
  });

  test("migrations run one after the other before the first pod of their release", async () => {
    const image = apiAndWorker.api.image;
    const migrations = ["0001-a", "0002-b"].map((id) => ({ id, phase: "expand", image, reversible: true }));
    const candidate = resolveRelease(aFile("1.1.0", apiAndWorker, { migrations }), {});
    const { registrations } = await transition("start", steady(), rolling(10, candidate));
    const jobs = ["0001-a", "0002-b"].map((id) => {
      const name = jobName({ spec: { id }, release: candidate.id, direction: "up", attempt: 1 });
      return `canary-${name}-job`;
    });
    expectOrder(registrations, "intent", ...jobs, deployment("api", candidate), "canary-api-route");
    expectOrder(registrations, "intent", ...jobs, deployment("worker", candidate));
    const [first, second] = jobs.map((name) => find(registrations, name));
    expect(first?.dependencies).toContain("intent");
    expect(second?.dependencies).toContain(first?.name);
    expect(find(registrations, deployment("api", candidate)).dependencies).toEqual(
      expect.arrayContaining(jobs),
    );
  });
});

describe("the routes", () => {
  test.each([
    [
      steady(),
      rolling(10),
      [
        [old, 90],
        [next, 10],
      ],
    ],
    [
      rolling(30),
      completed(),
      [
        [old, 0],
        [next, 100],
      ],
    ],
    [
      rolling(30),
      rolledBack(),
      [
        [old, 100],
        [next, 0],
      ],
    ],
    [completed(), steady(next), [[next, 100]]],
  ] as const)("%#: carry the weights of the plan, written out in full", async (from, to, weights) => {
    const { registrations } = await transition("advance", from, to);
    const { inputs } = find(registrations, "canary-api-route");
    expect(inputs).toMatchObject({
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "shop-canary-api", namespace: "shop-canary" },
      spec: {
        parentRefs: [
          {
            group: "gateway.networking.k8s.io",
            kind: "Gateway",
            name: "shared",
            namespace: "gateway",
            sectionName: "web",
          },
        ],
        hostnames: ["canary.shop.localhost"],
      },
    });
    const [rule] = (inputs.spec as { rules: { backendRefs: unknown }[] }).rules;
    expect(rule?.backendRefs).toEqual(
      weights.map(([release, weight]) => ({
        group: "",
        kind: "Service",
        name: `api-${release.id}`,
        port: 80,
        weight,
      })),
    );
  });

  test("are written anew by every transition, whatever a hand has made of them", async () => {
    const { registrations } = await transition("correct", rolling(10), rolling(10));
    expect(find(registrations, "canary-api-route").inputs).toMatchObject({
      metadata: { annotations: { "release-channels.dev/transition": "t2", "pulumi.com/patchForce": "true" } },
    });
  });

  test("the data plane is asked for the same weights", async () => {
    const { registrations } = await transition("advance", rolling(10), rolling(30));
    const { inputs } = find(registrations, "canary-confirmation-command");
    expect(JSON.parse(String(inputs.stdin))).toMatchObject({
      id: "t2",
      url: "http://127.0.0.1:18080",
      releaseHeader: "x-release",
      services: [
        {
          service: "api",
          hostname: "canary.shop.localhost",
          path: "/readyz",
          weights: { [old.id]: 70, [next.id]: 30 },
          candidate: next.id,
        },
      ],
    });
    expect(inputs.create).toBe("node run.cjs observe/data-plane.ts");
  });

  const askedFor = async (options: Parameters<typeof transition>[3], baseline = old) => {
    const { registrations } = await transition("install", null, steady(baseline), options);
    const { stdin } = find(registrations, "canary-confirmation-command").inputs;
    return (JSON.parse(String(stdin)) as { services: { hostname: string; path: string }[] }).services[0];
  };

  test("the data plane is asked at a host that exists, where the first one is a wildcard", async () => {
    const gateway = { ...section.gateway, hostnames: ["*.shop.localhost", "canary.shop.localhost"] };
    expect((await askedFor({ channel: { ...section, gateway } }))?.hostname).not.toContain("*");
  });

  test("the data plane is asked below the routed path, not beside it", async () => {
    const api = {
      ...apiAndWorker.api,
      http: { port: 8080, path: "/shop" },
      probes: { readiness: { path: "/shopz", port: 8080 } },
    };
    expect((await askedFor({}, aRelease("1.0.0", {}, { api })))?.path).toBe("/shop");
  });

  test("callers in the cluster follow the baseline until 100 %", async () => {
    const follows = async (from: Position, to: Position) => {
      const { registrations } = await transition("advance", from, to);
      const internal = find(registrations, "canary-api-internal");
      expect(internal.inputs).toMatchObject({ metadata: { name: "shop-canary-api" } });
      const { selector } = internal.inputs.spec as { selector: Record<string, string> };
      return selector["release-channels.dev/release"];
    };
    expect(await follows(steady(), rolling(10))).toBe(old.id);
    expect(await follows(rolling(10), rolling(30))).toBe(old.id);
    expect(await follows(rolling(30), completed())).toBe(next.id);
    expect(await follows(completed(), rolledBack())).toBe(old.id);
  });

  test("a service that the candidate dropped keeps its Service in the cluster while the baseline is kept", async () => {
    const base = aRelease("1.0.0", {}, { ...apiAndWorker, web: apiAndWorker.api });
    const { registrations } = await transition("advance", rolling(30, next, base), completed(next, base));
    expect(order(registrations)).toContain("canary-web-internal");
  });
});

describe("the record", () => {
  test("is what the data plane has confirmed, when it did", async () => {
    const { registrations, record } = await transition("advance", rolling(10), rolling(30));
    expect(record).toMatchObject({
      ...rolling(30),
      transition: { id: "t2", kind: "advance", at: at(100) },
      since: at(100),
    });
    expect(find(registrations, "record").inputs.input).toEqual(record);
  });

  test("has a mirror in the cluster", async () => {
    const { registrations, record } = await transition("advance", rolling(10), rolling(30));
    const { data } = find(registrations, "canary-mirror").inputs as { data: Record<string, string> };
    expect(data).toMatchObject({ transition: "t2", at: at(100) });
    expect(JSON.parse(String(data.record))).toEqual(record);
  });

  test("is unknown in a preview: the data plane was not asked", async () => {
    const { registrations } = await transition("advance", rolling(10), rolling(30), { preview: true });
    expect(find(registrations, "intent").inputs.input).toMatchObject({ id: "t2" });
    expect(find(registrations, "record").inputs.input).not.toMatchObject({ weight: 30 });
  });

  test("the intent says what is set out to, before anything changes", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    expect(find(registrations, "intent").inputs.input).toEqual({
      schema: 1,
      id: "t2",
      kind: "start",
      startedAt: at(60),
      target: rolling(10),
      attempt: 1,
    });
  });
});

describe("what is registered", () => {
  test.each(stories)(
    "%s: children of the channel, labelled and named after service and release",
    async (...story) => {
      const { registrations } = await transition(...story);
      const [root, ...rest] = registrations;
      expect(root).toMatchObject({
        type: "release-channels:index:ReleaseChannel",
        name: "canary",
        parent: "",
      });
      for (const { parent } of rest) expect(parent).not.toBe("");
      const objects = rest.filter(({ type }) => type.startsWith("kubernetes:"));
      for (const { inputs, provider } of objects) {
        expect(provider).toBe("canary-cluster");
        expect(inputs.metadata).toMatchObject({
          namespace: "shop-canary",
          labels: {
            "app.kubernetes.io/managed-by": "release-channels",
            "app.kubernetes.io/part-of": "shop",
            "release-channels.dev/channel": "canary",
          },
        });
      }
    },
  );

  test("names and labels of one service of one release", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const kinds = ["deployment", "service", "config", "budget"];
    for (const kind of kinds) {
      expect(find(registrations, `canary-api-${next.id}-${kind}`).inputs.metadata).toMatchObject({
        name: `api-${next.id}`,
        labels: {
          "app.kubernetes.io/name": "api",
          "app.kubernetes.io/version": "1.1.0",
          "release-channels.dev/release": next.id,
        },
      });
    }
    expect(order(registrations)).not.toContain(`canary-worker-${next.id}-service`);
  });

  test("each service of each live release has its replicas", async () => {
    const { registrations } = await transition("advance", rolling(10), rolling(30));
    const counts = ofType(registrations, "kubernetes:apps/v1:Deployment").map((resource) => [
      resource.name,
      spec(resource).replicas,
    ]);
    expect(Object.fromEntries(counts)).toEqual({
      [deployment("api", old)]: 10,
      [deployment("worker", old)]: 7,
      [deployment("api", next)]: 3,
      [deployment("worker", next)]: 3,
    });
  });

  test("a candidate that was rolled back stays until the next update", async () => {
    const { registrations } = await transition("rollback", rolling(30), rolledBack());
    expect(order(registrations)).toEqual(
      expect.arrayContaining([deployment("api", next), deployment("worker", next)]),
    );
    const cleaned = await transition("finalize", rolledBack(), steady());
    expect(order(cleaned.registrations).filter((name) => name.includes(next.id))).toEqual([]);
  });

  test("a rising release is waited for; one without traffic is not, unless it is to take it back", async () => {
    const skips = async (
      kind: TransitionKind,
      from: Position,
      to: Position,
      release: typeof next,
      circumstances: Circumstances = {},
    ) => {
      const { registrations } = await transition(kind, from, to, circumstances);
      const { annotations } = find(registrations, deployment("api", release)).inputs.metadata as {
        annotations: object;
      };
      return "pulumi.com/skipAwait" in annotations;
    };
    expect(await skips("start", steady(), rolling(10), next)).toBe(false);
    expect(await skips("rollback", rolling(30), rolledBack(), old)).toBe(false);
    expect(await skips("rollback", rolling(30), rolledBack(), next)).toBe(true);

    // Half of a full set is enough to go back to: one pod must not keep users at a bad release.
    const back = (ready: number, channel = section) =>
      skips("rollback", rolling(30), rolledBack(), old, {
        channel,
        workloads: { [objectName("api", old)]: { replicas: 10, ready } },
      });
    expect(await back(5)).toBe(true);
    expect(await back(4)).toBe(false);
    expect(await back(9, { ...section, capacity: "lean" })).toBe(false);
  });

  test.each([
    ["a rollback", "rollback", completed(), rolledBack(), old],
    ["an advance", "advance", rolling(1), rolling(5), next],
  ] as const)(
    "%s asks the rising release whether it is ready, even if its size stays as it was",
    async (_, kind, from, to, rising) => {
      const before = find((await reconciliation(from)).registrations, deployment("api", rising));
      const after = find((await transition(kind, from, to)).registrations, deployment("api", rising));
      expect(after.inputs.spec).toEqual(before.inputs.spec);
      // The engine asks a provider nothing about a resource whose inputs are the same.
      expect(after.inputs).not.toEqual(before.inputs);
    },
  );

  describe("a correction that takes the candidate down", () => {
    const annotations = async (release: typeof next) => {
      const { registrations } = await transition("correct", completed(), rolling(5));
      return (find(registrations, deployment("worker", release)).inputs.metadata as { annotations: object })
        .annotations;
    };

    test("waits for the baseline, which takes the work back", async () => {
      expect(await annotations(old)).not.toHaveProperty(["pulumi.com/skipAwait"]);
    });

    test("does not wait for the candidate, which may be what is broken", async () => {
      expect(await annotations(next)).toHaveProperty(["pulumi.com/skipAwait"]);
    });
  });

  test("giving up a raise whose route was written does not wait for the candidate that failed", async () => {
    const { registrations } = await correction(rolling(30), completed());
    const { annotations } = find(registrations, deployment("api", next)).inputs.metadata as {
      annotations: object;
    };
    expect(annotations).toHaveProperty(["pulumi.com/skipAwait"]);
  });

  test("secrets are references: no value passes through Pulumi", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const pod = spec(find(registrations, deployment("api", next))).template as unknown as {
      spec: { containers: { env: unknown }[] };
    };
    expect(pod.spec.containers[0]?.env).toEqual([
      { name: "DATABASE_URL", valueFrom: { secretKeyRef: { name: "shop-database", key: "url" } } },
    ]);
    expect(ofType(registrations, "kubernetes:core/v1:Secret")).toEqual([]);
  });

  test("pods run without privileges, and without a service account's token", async () => {
    const { registrations } = await transition("install", null, steady());
    for (const resource of ofType(registrations, "kubernetes:apps/v1:Deployment")) {
      expect(spec(resource).template).toMatchObject({
        spec: {
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true },
          containers: [
            { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
          ],
        },
      });
    }
  });

  test("pods know their release; times, ids of transitions and verdicts never enter a pod", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    expect(find(registrations, `canary-api-${next.id}-config`).inputs.data).toEqual({
      RELEASE_VERSION: "1.1.0",
      RELEASE_ID: next.id,
      RELEASE_CHANNEL: "canary",
    });
    for (const resource of ofType(registrations, "kubernetes:apps/v1:Deployment")) {
      expect(JSON.stringify(spec(resource))).not.toMatch(/t1|t2|2026-01-01/);
    }
  });

  test("what policies judge stands in the channel's inputs", async () => {
    const { registrations } = await transition("advance", rolling(10), rolling(30));
    expect(registrations[0]?.inputs).toEqual({
      channel: "canary",
      transition: "t2",
      kind: "advance",
      state: "rolling",
      baseline: old.id,
      candidate: next.id,
      weight: 30,
    });
  });
});

describe("an update with nothing to do", () => {
  const inputs = (list: Registration[]) =>
    Object.fromEntries(list.map(({ type, name, inputs: given }) => [`${type} ${name}`, given]));

  test.each(stories)("after a %s registers the same again: no diff", async (kind, from, to) => {
    const workloads = { [objectName("api", old)]: { replicas: 10 } };
    const made = await transition(kind, from, to, { workloads });
    const intent = find(made.registrations, "intent").inputs.input as Intent;
    if (made.record === undefined) throw new Error("no record was left");
    const again = await lookAgain(made.record, intent, { keptEvidence: envelopeOf(made.registrations) });
    expect(inputs(again.registrations)).toEqual(inputs(made.registrations));
    expect(again.record).toEqual(made.record);
  });

  test("twice is the same", async () => {
    const [once, twice] = [await reconciliation(rolling(10)), await reconciliation(rolling(10))];
    expect(inputs(twice.registrations)).toEqual(inputs(once.registrations));
  });

  test("does not ask the data plane anew, and keeps the record whatever it would say", async () => {
    const { record } = await reconciliation(
      rolling(10),
      { attempt: 7 },
      { stdout: JSON.stringify({ id: "t9", confirmedAt: at(999), services: {} }) },
    );
    expect(record).toMatchObject({ attempt: 7, transition: { id: "t1" }, since: at(0) });
  });

  test("capacity changes in place: the Deployment alone differs", async () => {
    const before = inputs((await reconciliation(rolling(10))).registrations);
    const services = {
      ...section.services,
      api: { ...section.services.api, resources: { requests: { cpu: "2" } } },
    } as typeof section.services;
    const larger = inputs(
      (await reconciliation(rolling(10), {}, { channel: { ...section, services } })).registrations,
    );
    const changed = Object.keys(before).filter(
      (key) => JSON.stringify(before[key]) !== JSON.stringify(larger[key]),
    );
    expect(changed.sort()).toEqual(
      [old, next].map((release) => `kubernetes:apps/v1:Deployment ${deployment("api", release)}`).sort(),
    );
  });
});

test("the live weights of these stories are those of the record", () => {
  expect(liveAt(rolling(10)).routes.api).toEqual({ [old.id]: 90, [next.id]: 10 });
});

describe("the correlation id", () => {
  const idOf = ({ inputs }: Registration) =>
    (inputs.metadata as { annotations?: Record<string, string> }).annotations?.[
      "release-channels.dev/correlation-id"
    ];
  const objects = (list: Registration[]) => list.filter(({ type }) => type.startsWith("kubernetes:"));

  test("of a release that is brought in is on everything of it, and on what its rollout writes", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const ofOld = (name: string) => name.includes(old.id);
    expect(objects(registrations).length).toBeGreaterThan(8);
    for (const resource of objects(registrations)) {
      expect([resource.name, idOf(resource)]).toEqual([
        resource.name,
        ofOld(resource.name) ? undefined : "t2",
      ]);
    }
  });

  test("is in no pod: a pod is not replaced for it", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const template = spec(find(registrations, deployment("api", next))).template;
    expect(JSON.stringify(template)).not.toContain("correlation");
  });
});
