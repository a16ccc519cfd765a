import { intent } from "../../policies/pack/intent";
import { judgedFirst } from "../../policies/pack/judged-first";
import { atMostTwoReleases, correlationIds, labels, transitionIds } from "../../policies/pack/labels";
import { jobsAsPlanned, migrationsFirst } from "../../policies/pack/migrations-first";
import { types } from "../../policies/pack/objects";
import { record } from "../../policies/pack/record";
import { Signature } from "../../policies/pack/signature";
import { routeWeights, serviceTargets } from "../../policies/pack/traffic";
import { plannedData } from "../../rollout/data-jobs";
import { nextRecord } from "../../rollout/history";
import { labelKeys } from "../../rollout/labels";
import type { ChannelRecord } from "../../rollout/record";
import { positionOf } from "../../rollout/record";
import { objectName, resolveRelease } from "../../rollout/release";
import { gatewayApi } from "../../traffic/gateway-api";
import {
  aFile,
  apiAndWorker,
  at,
  completed,
  intentTo,
  next,
  noChanges,
  old,
  recordOf,
  rolling,
  steady,
  third,
  withoutData,
} from "../rollout/releases";
import { configurationOf, judgedTo, judgementsOf, violations } from "./pack-run";

const release = (id: string, more: object = {}) => ({
  "app.kubernetes.io/managed-by": "release-channels",
  "app.kubernetes.io/part-of": "shop",
  "app.kubernetes.io/name": "api",
  "app.kubernetes.io/version": "1.1.0",
  "release-channels.dev/channel": "canary",
  "release-channels.dev/release": id,
  ...more,
});
const metadata = (more: object = {}) => ({
  name: "api",
  namespace: "shop-canary",
  labels: release(next.id),
  ...more,
});
const at10 = judgementsOf(judgedTo(rolling(10)));

describe("a route", () => {
  const { gateway } = configurationOf("1.1.0").channel;
  const own = {
    ...{ kind: "Gateway", name: gateway.name, namespace: gateway.namespace },
    sectionName: gateway.listener,
  };
  const route = (weights: [string, number][], more: object = {}) => ({
    type: gatewayApi.written[0]!.type,
    props: {
      metadata: metadata({ labels: { "app.kubernetes.io/name": "api" } }),
      spec: {
        parentRefs: [own],
        hostnames: ["canary.shop.localhost"],
        rules: [
          {
            matches: [{ path: { type: "PathPrefix", value: "/" } }],
            backendRefs: weights.map(([name, weight]) => ({ name, port: 80, weight })),
            ...more,
          },
        ],
      },
    },
  });
  const [baseline, candidate] = [objectName("api", old), objectName("api", next)];

  test("with the judged weights is good", async () => {
    expect(
      await violations(
        routeWeights(at10),
        route([
          [candidate, 10],
          [baseline, 90],
        ]),
      ),
    ).toEqual([]);
  });

  test.each<[string, ReturnType<typeof route>, RegExp]>([
    [
      "weights that do not sum to 100",
      route([
        [baseline, 90],
        [candidate, 20],
      ]),
      /sum to 110/,
    ],
    [
      "a candidate that skips a stage",
      route([
        [baseline, 70],
        [candidate, 30],
      ]),
      /the position that was judged has/,
    ],
    [
      "a stranger",
      route([
        [baseline, 90],
        ["other", 10],
      ]),
      /its weights are .*other 10/,
    ],
    [
      "a negative weight",
      route([
        [baseline, 110],
        [candidate, -10],
      ]),
      /no whole number/,
    ],
    [
      "a filter",
      route(
        [
          [baseline, 90],
          [candidate, 10],
        ],
        { filters: [{ type: "RequestMirror" }] },
      ),
      /filters/,
    ],
    [
      "sessions that stay where they were",
      route(
        [
          [baseline, 90],
          [candidate, 10],
        ],
        { sessionPersistence: { sessionName: "shop" } },
      ),
      /sessionPersistence/,
    ],
  ])("with %s is found", async (_, question, message) => {
    expect((await violations(routeWeights(at10), question)).join("\n")).toMatch(message);
  });

  test.each<[string, object]>([
    ["in another namespace", { namespace: "elsewhere" }],
    ["of another kind", { kind: "ServiceImport", group: "multicluster.x-k8s.io" }],
    ["at another port", { port: 8081 }],
  ])("with a backend of the right name %s is found", async (_, more) => {
    const question = route([
      [baseline, 90],
      [candidate, 10],
    ]);
    Object.assign(question.props.spec.rules[0]?.backendRefs[1] ?? {}, more);
    expect(await violations(routeWeights(at10), question)).toEqual([expect.stringContaining("else than")]);
  });

  test("at another gateway is found", async () => {
    const question = route([
      [baseline, 90],
      [candidate, 10],
    ]);
    const at = (parentRefs: object[]) => ({
      ...question,
      props: { ...question.props, spec: { ...question.props.spec, parentRefs } },
    });
    expect(await violations(routeWeights(at10), at([own]))).toEqual([]);
    for (const other of [
      { ...own, name: "theirs" },
      { ...own, namespace: undefined },
      { ...own, kind: "Service" },
      { ...own, sectionName: "theirs" },
      { ...own, group: "example.com" },
      { ...own, port: 8443 },
    ]) {
      expect(await violations(routeWeights(at10), at([other]))).toEqual([
        expect.stringContaining("from elsewhere"),
      ]);
    }
  });

  test.each([
    ["none, so that whoever wants to may take it", []],
    ["its gateway twice", [own, own]],
  ])("at %s is found", async (_, parentRefs) => {
    const question = route([
      [baseline, 90],
      [candidate, 10],
    ]);
    question.props.spec.parentRefs = parentRefs;
    expect(await violations(routeWeights(at10), question)).toEqual([
      expect.stringContaining("from elsewhere"),
    ]);
  });

  test.each<[string, object[]]>([
    ["another path", [{ path: { type: "PathPrefix", value: "/orders" } }]],
    ["exactly its path", [{ path: { type: "Exact", value: "/" } }]],
    ["a second path", ["/", "/orders"].map((value) => ({ path: { type: "PathPrefix", value } }))],
    ["no path", []],
  ])("that takes %s is found", async (_, matches) => {
    const question = route(
      [
        [baseline, 90],
        [candidate, 10],
      ],
      { matches },
    );
    expect(await violations(routeWeights(at10), question)).toEqual([
      expect.stringContaining("does not match the path / of the release"),
    ]);
  });

  test("with a second rule, or another host, is found", async () => {
    const question = route([
      [baseline, 90],
      [candidate, 10],
    ]);
    const { spec } = question.props;
    spec.rules.push({ matches: [], backendRefs: [] });
    expect(await violations(routeWeights(at10), question)).toEqual([expect.stringContaining("2 rules")]);
    spec.rules.pop();
    spec.hostnames = ["elsewhere"];
    expect(await violations(routeWeights(at10), question)).toEqual([expect.stringContaining("elsewhere")]);
  });
});

describe("a Service", () => {
  const service = (selected: string, labelsOfIt: object, name: string, more: object = {}) => ({
    type: types.service,
    props: {
      metadata: metadata({ name, labels: labelsOfIt }),
      spec: { selector: release(selected), ...more },
    },
  });
  const [ofNext, ofOld, internalName] = [objectName("api", next), objectName("api", old), "shop-canary-api"];
  const internal = release("", { "release-channels.dev/release": undefined });

  test.each<[string, ReturnType<typeof service>, boolean]>([
    ["of a release selects it", service(next.id, release(next.id), ofNext), true],
    ["of a release selects another one", service(next.id, release(old.id), ofOld), false],
    [
      "under the baseline's name is labelled as the candidate",
      service(next.id, release(next.id), ofOld),
      false,
    ],
    ["leads out of the cluster", service(next.id, release(next.id), ofNext, { type: "ExternalName" }), false],
    [
      "has an external name",
      service(next.id, release(next.id), ofNext, { externalName: "example.com" }),
      false,
    ],
    [
      "takes the traffic of an address",
      service(next.id, release(next.id), ofNext, { externalIPs: ["192.0.2.1"] }),
      false,
    ],
    [
      "keeps callers at a pod",
      service(next.id, release(next.id), ofNext, { sessionAffinity: "ClientIP" }),
      false,
    ],
    ["for callers in the cluster leads to the baseline", service(old.id, internal, internalName), true],
    [
      "for callers in the cluster leads to the candidate at 10 %",
      service(next.id, internal, internalName),
      false,
    ],
    ["for callers in the cluster under the name of a release", service(old.id, internal, ofNext), false],
  ])("%s", async (_, question, good) => {
    expect(await violations(serviceTargets(at10), question)).toHaveLength(good ? 0 : 1);
  });
});

describe("labels and ids", () => {
  const object = (labelsOfIt: object, annotations: object = {}, type: string = types.deployment) => ({
    type,
    props: { metadata: metadata({ labels: labelsOfIt, annotations }) },
  });

  test("of a release of the channel are good", async () => {
    for (const policy of [labels(at10), atMostTwoReleases(at10)]) {
      expect(await violations(policy, object(release(next.id)))).toEqual([]);
    }
  });

  test.each(Object.keys(release("x")))("without %s it is found", async (key) => {
    const { [key]: _, ...others } = release(next.id) as Record<string, string>;
    expect(await violations(labels(at10), object(others))).toEqual([expect.stringContaining(key)]);
  });

  test("of another channel or product are found", async () => {
    const others = release(next.id, {
      "release-channels.dev/channel": "stable",
      "app.kubernetes.io/part-of": "mail",
    });
    expect(await violations(labels(at10), object(others))).toHaveLength(2);
  });

  test("a third release is found", async () => {
    const [found] = await violations(atMostTwoReleases(at10), object(release(third.id)));
    expect(found).toContain(third.id);
  });

  test.each<[string, string, object, boolean]>([
    [
      "a route with this transition",
      gatewayApi.written[0]!.type,
      { "release-channels.dev/transition": "t2" },
      true,
    ],
    [
      "a route with another one",
      gatewayApi.written[0]!.type,
      { "release-channels.dev/transition": "t1" },
      false,
    ],
    ["a route with none", gatewayApi.written[0]!.type, {}, false],
    ["a Deployment that is waited for", types.deployment, { "release-channels.dev/transition": "t2" }, true],
    ["a Deployment that nobody waits for", types.deployment, { "pulumi.com/skipAwait": "true" }, true],
    ["a Deployment with neither", types.deployment, {}, false],
  ])("%s", async (_, type, annotations, good) => {
    const found = await violations(transitionIds(at10), object(release(next.id), annotations, type));
    expect(found).toHaveLength(good ? 0 : 1);
  });
});

describe("a correlation id", () => {
  const record = recordOf(rolling(10), { correlations: { [next.id]: "t0" } });
  const judged = (more: Parameters<typeof judgedTo>[2] = { record }) =>
    judgementsOf(judgedTo(rolling(30), "advance", more));
  const bears = (correlation: string | null, labelsOfIt: object = release(next.id)) => ({
    type: types.deployment,
    props: {
      metadata: metadata({
        labels: labelsOfIt,
        annotations: correlation === null ? {} : { "release-channels.dev/correlation-id": correlation },
      }),
    },
  });

  test.each<[string, ReturnType<typeof bears>, boolean]>([
    ["of its release", bears("t0"), true],
    ["of another transition", bears("t2"), false],
    ["that is missing", bears(null), false],
    ["of the release being rolled out, on what belongs to no release", bears("t0", {}), true],
    ["of no rollout, on what belongs to no release", bears(null, {}), false],
    ["left out, where the release was live before ids were kept", bears(null, release(old.id)), true],
    ["made up for such a release", bears("t2", release(old.id)), false],
  ])("%s", async (_, question, good) => {
    expect(await violations(correlationIds(judged()), question)).toHaveLength(good ? 0 : 1);
  });

  test("of a release that is brought in is that transition's", async () => {
    const start = judgementsOf(judgedTo(rolling(10), "start", { record: recordOf(steady()) }));
    expect(await violations(correlationIds(start), bears("t2"))).toEqual([]);
    expect(await violations(correlationIds(start), bears("t0"))).toHaveLength(1);
  });
});

describe("migrations", () => {
  const image = apiAndWorker.api.image;
  const withMigration = resolveRelease(
    aFile("1.1.0", apiAndWorker, { migrations: [{ id: "0001-a", phase: "expand", image }] }),
    {},
  );
  const started = () =>
    plannedData({
      to: rolling(10, withMigration),
      record: recordOf(steady()),
      transition: { id: "t2", kind: "start", attempt: 1 },
      settings: withoutData,
      jobs: [],
    });
  const [migration] = started().migrations;
  const judged = () => judgementsOf(judgedTo(rolling(10, withMigration), "start", { data: started() }));
  const deployment = {
    type: types.deployment,
    props: { metadata: metadata({ labels: release(withMigration.id) }) },
  };
  const jobOf = (run: string | undefined) => ({
    type: types.job,
    props: { metadata: metadata({ name: "any", labels: run === undefined ? {} : { [labelKeys.run]: run } }) },
  });

  test("that ran before the Deployment are good", async () => {
    const policy = migrationsFirst(judged());
    expect(await violations(policy, jobOf(migration?.name))).toEqual([]);
    expect(await violations(policy, deployment)).toEqual([]);
  });

  test("that did not are found", async () => {
    const [found] = await violations(migrationsFirst(judged()), deployment);
    expect(found).toMatch(/migration 0001-a of release 1\.1\.0 has not run before it/);
  });

  test("that are not those of the step are found", async () => {
    const contract = jobOf("migrate-0006-b-12345678");
    expect(await violations(jobsAsPlanned(judged()), contract)).toEqual([
      expect.stringMatching(/migrate-0006-b-12345678 has no place in this start/),
    ]);
    expect(await violations(jobsAsPlanned(judged()), jobOf(undefined))).toHaveLength(1);
    expect(await violations(jobsAsPlanned(judged()), jobOf(migration?.name))).toEqual([]);
  });
});

describe("what does not belong to a judged channel", () => {
  const map = { type: types.configMap, name: "x", props: { metadata: metadata() } };

  test("is found before anything was judged", async () => {
    expect(await violations(judgedFirst(judgementsOf(null), "/kubeconfig"), map)).toEqual([
      expect.stringMatching(/not part of/),
    ]);
  });

  test.each([types.configMap, types.stash])("is found beside the channel: %s", async (type) => {
    const urn = `urn:pulumi:canary::release-channels::${type}::record`;
    const question = { ...map, type, name: "record", urn };
    expect(await violations(judgedFirst(at10, "/kubeconfig"), question)).toEqual([
      expect.stringMatching(/not part of/),
    ]);
  });

  test("is found before anything was judged, also memory that nobody has looked at yet", async () => {
    const stash = { type: types.stash, name: "record", props: {} };
    expect(await violations(judgedFirst(judgementsOf(null), "/kubeconfig"), stash)).toHaveLength(1);
  });

  test("is not told of every object again where the channel itself was refused", async () => {
    const refused = judgementsOf({ outcome: "refused", reasons: ["slo: …"] });
    expect(await violations(judgedFirst(refused, "/kubeconfig"), map)).toEqual([]);
  });

  test.each([
    { type: types.provider, props: { clusterIdentifier: "a" } },
    { type: types.stash, props: {} },
  ])(
    "stops a refused channel by what it writes nothing without, should release-gates only advise (%#)",
    async (question) => {
      const refused = judgementsOf({ outcome: "refused", reasons: ["slo: …"] });
      const found = await violations(judgedFirst(refused, "/kubeconfig"), question as unknown as typeof map);
      expect(found).toEqual([expect.stringMatching(/was refused by the policy release-gates/)]);
    },
  );

  test.each<[string, object, RegExp | null]>([
    ["an object of its own", map, null],
    ["another kind", { type: "kubernetes:core/v1:Pod", props: {} }, /not made of/],
    ["a dynamic provider", { type: "pulumi-nodejs:dynamic:Resource", props: {} }, /not made of/],
    [
      "another namespace",
      { ...map, props: { metadata: metadata({ namespace: "x" }) } },
      /the channel's is shop-canary/,
    ],
    ["no namespace", { ...map, props: { metadata: { name: "x" } } }, /no name or namespace/],
    ["another cluster", { type: types.provider, props: { context: "other" } }, /another cluster/],
    ["another kubeconfig", { type: types.provider, props: { kubeconfig: "…" } }, /another cluster/],
    ["another cluster by name", { type: types.provider, props: { cluster: "other" } }, /another cluster/],
    ["the channel's cluster", { type: types.provider, props: { clusterIdentifier: "a" } }, null],
    ["what KUBECONFIG says", { type: types.provider, props: { kubeconfig: "/kubeconfig" } }, null],
    ["another command", { type: types.command, props: { create: "kubectl", stdin: "" } }, /the only command/],
    [
      "its command with more to it",
      {
        type: types.command,
        props: { create: "node run.cjs observe/data-plane.ts", stdin: "", delete: "rm" },
      },
      /the only command/,
    ],
    [
      "its command",
      { type: types.command, props: { create: "node run.cjs observe/data-plane.ts", stdin: "" } },
      null,
    ],
    ["a Stash", { type: types.stash, props: {} }, null],
  ])("%s", async (_, question, message) => {
    const found = await violations(judgedFirst(at10, "/kubeconfig"), question as typeof map);
    expect(found).toEqual(message === null ? [] : [expect.stringMatching(message)]);
  });
});

describe("the record", () => {
  const before = recordOf(rolling(10));
  const now = () => new Date().toISOString();
  const judged = judgedTo(rolling(30), "advance", { record: before });

  const restored = { backup: "canary-backup-1f2e3d4c.dump", sha256: "a".repeat(64), at: at(30) };
  const registered = { sequence: 1, sha256: "e".repeat(64) };
  const seen = (channel: typeof judged, confirmedAt: string) => {
    const judgements = judgementsOf(channel);
    if (channel.transition !== null) judgements.noteEvidence({ head: registered, confirmedAt });
    return judgements;
  };
  const timeOf = (input: unknown) => (input as Partial<ChannelRecord> | undefined)?.transition?.at ?? now();
  const written = (confirmedAt: string, more: Partial<ChannelRecord> = {}): ChannelRecord => ({
    ...nextRecord(
      "canary",
      before,
      {
        transition: { id: "t2", kind: "advance", startedAt: confirmedAt, attempt: 1 },
        from: positionOf(before),
        to: rolling(30),
        releases: [],
        sizes: {},
        data: noChanges,
        restore: null,
        why: "",
      },
      { id: "t2", confirmedAt, services: {} },
      { actor: "ann", reason: null },
    ),
    evidence: registered,
    ...more,
  });
  const sources = () => ({ memory: async () => ({ record: before, intent: null }) });
  const pack = { name: "release-channels", version: "1.2.3" };
  const forged = (one: ChannelRecord) => ({
    ...one,
    history: one.history.map((entry) => ({ ...entry, judgedBy: { ...pack, tightening: {}, loosened: [] } })),
  });
  const ask = (input: unknown, preview = false, channel = judged, provenAt = timeOf(input)) =>
    violations(record(seen(channel, provenAt), sources, new Signature(pack), preview), {
      type: types.stash,
      name: "record",
      props: { input },
    });

  test("that follows from what was judged is good", async () => {
    expect(await ask(written(now()))).toEqual([]);
  });

  test.each<[string, () => unknown]>([
    ["says more than was judged", () => written(now(), { weight: 100, state: "completed" })],
    ["says that the weight is older", () => written(now(), { since: before.since })],
    ["says that another version was completed", () => written(now(), { completed: [] })],
    ["takes off a brake", () => written(now(), { braked: true })],
    ["bears another transition", () => written(now(), { transition: { ...before.transition, id: "t9" } })],
    ["bears a signature that the pack did not write", () => forged(written(now()))],
    ["was confirmed an hour ago", () => written(new Date(Date.now() - 3_600_000).toISOString())],
    ["will be confirmed", () => written(new Date(Date.now() + 3_600_000).toISOString())],
    ["is none", () => ({ weight: 30 })],
    ["names no evidence", () => written(now(), { evidence: undefined })],
    ["names other evidence", () => written(now(), { evidence: { sequence: 2, sha256: registered.sha256 } })],
    ["says that the data were restored", () => written(now(), { restored, lost: ["0004-turn"] })],
    [
      "names a restore in its history that nobody saw",
      () => {
        const one = written(now());
        return { ...one, history: one.history.map((entry) => ({ ...entry, restored })) };
      },
    ],
  ])("that %s is found", async (_, input) => {
    expect(await ask(input())).toHaveLength(1);
  });

  test("that has another time than its evidence is found", async () => {
    expect(await ask(written(now()), false, judged, at(0))).toEqual([
      expect.stringMatching(/its evidence says that it was confirmed at 2026-01-01T00:00:00/),
    ]);
  });

  test("is not written where no evidence was", async () => {
    const question = { type: types.stash, name: "record", props: { input: written(now()) } };
    const policy = record(judgementsOf(judged), sources, new Signature(pack), false);
    expect(await violations(policy, question)).toEqual([expect.stringMatching(/without evidence/)]);
  });

  test("stays as it is where nothing moves", async () => {
    const kept = judgedTo(completed(), null, { record: before });
    expect(await ask(before, false, kept)).toEqual([]);
    expect(await ask({ ...before, since: now() }, false, kept)).toHaveLength(1);
    const unsigned = written(now());
    const after = judgedTo(rolling(30), null, { record: unsigned });
    expect(await ask(unsigned, false, after)).toEqual([]);
    expect(await ask(forged(unsigned), false, after)).toHaveLength(1);
  });

  test("is not known in a preview", async () => {
    expect(await ask(undefined, true)).toEqual([]);
  });
});

describe("the intent", () => {
  const pack = { name: "release-channels", version: "1.2.3" };
  const before = intentTo("start", rolling(10), "t1");
  const judged = judgedTo(rolling(30), "advance", { intent: before });
  const meant = intentTo("advance", rolling(30));
  const ask = (input: unknown, channel = judged) =>
    violations(intent(judgementsOf(channel), new Signature(pack)), {
      type: types.stash,
      name: "intent",
      props: { input },
    });

  test("that is the step that was judged is good", async () => {
    expect(await ask(meant)).toEqual([]);
  });

  const disguised = { ...next, services: {} };
  test.each<[string, unknown]>([
    ["goes further", intentTo("advance", completed())],
    ["is another release under the same id", intentTo("advance", rolling(30, disguised))],
    ["bears another transition", intentTo("advance", rolling(30), "t9")],
    ["is of another kind", intentTo("rollback", rolling(30))],
    ["is of another attempt", { ...meant, attempt: 7 }],
    [
      "bears a signature that the pack did not write",
      { ...meant, judgedBy: { ...pack, tightening: {}, loosened: [] } },
    ],
    ["is none", undefined],
  ])("that %s is found: the next update would go on with it", async (_, input) => {
    expect(await ask(input)).toHaveLength(1);
  });

  test("stays as it is where nothing moves", async () => {
    const kept = judgedTo(rolling(10), null, { intent: before });
    expect(await ask(before, kept)).toEqual([]);
    expect(await ask(meant, kept)).toHaveLength(1);
  });
});
