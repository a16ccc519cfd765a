import type { Policies, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { accessPolicy } from "../../config/schemas/access";
import { channelSection } from "../../config/schemas/channel";
import type { Signing } from "../../evidence/chain/keys";
import type { ChannelSources } from "../../policies/pack/channel-judgement";
import { releasePolicies } from "../../policies/pack/policies";
import { jobName } from "../../rollout/migrations";
import type { ChannelRecord, Position, TransitionKind } from "../../rollout/record";
import { objectName, resolveRelease } from "../../rollout/release";
import type { CommandRequest } from "../../traffic/command";
import { type Circumstances, correction, reconciliation, transition } from "../components/channel";
import type { Registration } from "../components/engine";
import { commandSection, dataSection, section, written } from "../components/section";
import { aKey } from "../evidence/chain/chain";
import { cohortSection, someCohorts } from "../rollout/cohort-positions";
import { after, before, jobOf, migrating, orders, runOf } from "../rollout/data";
import {
  aFile,
  apiAndWorker,
  completed,
  intentTo,
  liveAt,
  nothingLive,
  old,
  recordOf,
  rolledBack,
  rolling,
  steady,
  wish,
} from "../rollout/releases";
import { configurationOf, noPolicies, questionOf, stackViolations, violations } from "./pack-run";

const { api, worker } = apiAndWorker;
const migrations = ["0001-a", "0002-b"].map((id) => ({ id, phase: "expand", image: api.image }));
const next = resolveRelease(aFile("1.1.0", { api, worker }, { migrations }), {});

/** A world in which the program of `from` is about to do exactly what its configuration asks for. */
function sourcesAt(
  from: Position | null,
  wanted = next,
  live: Position | null = from,
  { channel, remembers, jobs = [], workloads }: Circumstances = {},
): () => ChannelSources {
  const record: ChannelRecord | null = from === null ? null : recordOf(from, remembers);
  return () => ({
    stack: "canary",
    configuration: () => configurationOf(wanted.version, channel),
    memory: async () => ({ record, intent: from === null ? null : intentTo("advance", from, "t1") }),
    live: async () => ({
      ...(live === null ? nothingLive : liveAt(live)),
      jobs,
      ...(workloads === undefined ? {} : { workloads }),
    }),
    chainEnd: async (_, recorded) => recorded?.evidence ?? null,
    desired: () => wish(wanted),
    verdicts: async () => [],
    policies: () => noPolicies,
  });
}

async function allViolations(
  policies: Policies,
  registrations: readonly Registration[],
): Promise<[string, string[]][]> {
  const found: [string, string[]][] = [];
  for (const resource of registrations) {
    for (const policy of policies) {
      if (!("validateResource" in policy)) continue;
      const seen = await violations(policy as ResourceValidationPolicy, questionOf(resource, registrations));
      if (seen.length > 0) found.push([`${policy.name} of ${resource.name}`, seen]);
    }
  }
  for (const policy of policies) {
    if (!("validateStack" in policy)) continue;
    const seen = await stackViolations(policy as StackValidationPolicy, registrations);
    if (seen.length > 0) found.push([policy.name, seen]);
  }
  return found;
}

const pack = { name: "release-channels", version: "0.0.0" };
/** The record's time in these stories is not now, which is what the tests of `record` are about. */
const policiesAt = (sources: () => ChannelSources) =>
  releasePolicies(sources, pack, { preview: false, kubeconfig: undefined }).filter(
    ({ name }) => name !== "record",
  );

describe("what the program itself registers violates nothing", () => {
  const at10 = rolling(10, next);
  const at30 = rolling(30, next);
  const stories: [TransitionKind, Position | null, Position, typeof next][] = [
    ["install", null, steady(old), old],
    ["install", null, steady(next), next],
    ["start", steady(), at10, next],
    ["advance", at10, at30, next],
    ["advance", at30, completed(next), next],
    ["finalize", completed(next), steady(next), next],
    ["rollback", at30, rolledBack(next), old],
    ["rollback", completed(next), rolledBack(next), old],
    ["finalize", rolledBack(next), steady(), old],
  ];

  test.each(stories)("%s (%#)", async (kind, from, to, wanted) => {
    const { registrations } = await transition(kind, from, to);
    expect(await allViolations(policiesAt(sourcesAt(from, wanted)), registrations)).toEqual([]);
  });

  test.each<[TransitionKind, Position, Position, typeof next]>([
    ["start", steady(), { ...at10, cohorts: someCohorts }, next],
    ["advance", at10, { ...at30, cohorts: someCohorts }, next],
    ["rollback", { ...at30, cohorts: someCohorts }, { ...rolledBack(next), cohorts: someCohorts }, old],
  ])("%s with cohorts", async (kind, from, to, wanted) => {
    const channel = { ...section, cohorts: cohortSection };
    const { registrations } = await transition(kind, from, to);
    const sources = sourcesAt(from, wanted, from, { channel });
    expect(await allViolations(policiesAt(sources), registrations)).toEqual([]);
  });

  test.each(stories)("%s with commands of the channel's own (%#)", async (kind, from, to, wanted) => {
    const { registrations } = await transition(kind, from, to, { channel: commandSection });
    const sources = sourcesAt(from, wanted, from, { channel: commandSection });
    expect(await allViolations(policiesAt(sources), registrations)).toEqual([]);
    const kept = await reconciliation(to, {}, { channel: commandSection });
    const later = sourcesAt(to, to.state === "rolled-back" ? old : wanted, to, { channel: commandSection });
    expect(await allViolations(policiesAt(later), kept.registrations)).toEqual([]);
  });

  test.each<[TransitionKind, Position, Position, typeof next]>([
    ["start", steady(), at10, next],
    ["rollback", at30, rolledBack(next), old],
  ])("%s of an autoscaled service, and of a lean channel", async (kind, from, to, wanted) => {
    const api = { autoscaling: { minReplicas: 2, maxReplicas: 20, cpuUtilization: 70 } };
    const services = { ...written.services, api };
    const channel = channelSection.parse({ ...written, services, capacity: "lean" });
    const circumstances = {
      channel,
      workloads: { [objectName("api", old)]: { replicas: 9 } },
      remembers: from.candidate === null ? {} : { sizes: { api: 7 } },
    };
    const { registrations } = await transition(kind, from, to, circumstances);
    const found = await allViolations(
      policiesAt(sourcesAt(from, wanted, from, circumstances)),
      registrations,
    );
    expect(found).toEqual([]);
    expect(registrations.some(({ name }) => name.endsWith("-autoscaler"))).toBe(true);
  });

  test.each([steady(next), at10, completed(next)])("reconciling what is recorded (%#)", async (position) => {
    const { registrations } = await reconciliation(position);
    expect(await allViolations(policiesAt(sourcesAt(position)), registrations)).toEqual([]);
  });

  test("putting back what was lowered by hand", async () => {
    const { registrations } = await correction(at10, rolling(0, next));
    expect(registrations.length).toBeGreaterThan(10);
    const policies = policiesAt(sourcesAt(at10, next, rolling(0, next)));
    // The story of `correction` writes the record's weight; what is live is less, and that is kept.
    expect(JSON.stringify(await allViolations(policies, registrations))).toContain("release-gates");
  });
});

describe("what it registers where data moves violates nothing either", () => {
  const at10 = rolling(10, after, before);
  const at30 = rolling(30, after, before);
  const at100 = completed(after, before);
  const back = rolledBack(after, before);
  const migrations = [runOf(after, "0002-customers"), runOf(after, "0003-copy")];
  const complete = migrations.map((run) => jobOf(run));
  const undone = migrations.map((run) => ({ ...run, direction: "down" as const }));
  const backedUp = { kind: "backup" as const, of: "t0", release: after.id, version: after.version };
  const remembers = { migrations, companions: [backedUp] };
  const channel = { ...dataSection, rollbackWindow: 0 };
  const plain = migrating("1.1.0", [orders]);

  test.each([
    ["install", null, steady(after), after, {}],
    ["start", steady(before), at10, after, {}],
    ["start", steady(before), rolling(10, plain, before), plain, {}],
    ["advance", at10, at30, after, { remembers, jobs: complete }],
    ["advance", at30, at100, after, { remembers, jobs: complete }],
    ["rollback", at30, back, before, { remembers, jobs: complete.slice(0, 1) }],
    ["finalize", back, steady(before), before, { remembers }],
    ["finalize", at100, steady(after), after, {}],
    ["finalize", steady(after), steady(after), after, {}],
    ["start", steady(before), rolling(10, plain, before), plain, { remembers: { migrations: undone } }],
  ] as const)("%s (%#)", async (kind, from, to, wanted, more) => {
    const circumstances = { channel, ...more } as Circumstances;
    const { registrations } = await transition(kind, from, to, circumstances);
    const policies = policiesAt(sourcesAt(from, wanted, from, circumstances));
    expect(await allViolations(policies, registrations)).toEqual([]);
  });

  test.each([
    [at10, after, { remembers, jobs: complete }],
    [at30, after, { remembers, jobs: [jobOf(migrations[0]!), jobOf(migrations[1]!, "failed")] }],
    [steady(before), before, { remembers: { migrations: undone } }],
  ])("looking again (%#)", async (position, wanted, more) => {
    const circumstances = { channel, ...more } as Circumstances;
    const { registrations } = await reconciliation(position, circumstances.remembers, circumstances);
    const policies = policiesAt(sourcesAt(position, wanted, position, circumstances));
    expect(await allViolations(policies, registrations)).toEqual([]);
  });

  test("a backup that is kept may be of an image of before", async () => {
    const made = await reconciliation(at10, remembers, { channel, jobs: complete });
    const job = { ...dataSection.backup!.job!, image: `local/backup@sha256:${"8".repeat(64)}` };
    const circumstances = { channel: { ...channel, backup: { job } }, remembers, jobs: complete };
    const policies = policiesAt(sourcesAt(at10, after, at10, circumstances));
    expect(await allViolations(policies, made.registrations)).toEqual([]);
  });

  const tampered: [string, string, (job: Registration) => void, string][] = [
    ["the image of a backup", "backup", ({ inputs }) => replaceImage(inputs), "images"],
    ["the image of a migration", "migrate", ({ inputs }) => replaceImage(inputs), "images"],
    ["the program of the ledger", "migrate", ({ inputs }) => replaceLedger(inputs), "images"],
    ["a migration of another phase", "migrate", ({ inputs }) => renameRun(inputs), "jobs-as-planned"],
    ["a backup that nobody planned", "backup", ({ inputs }) => renameRun(inputs), "jobs-as-planned"],
  ];

  test.each(tampered)("but %s is found out", async (_, which, tamper, policy) => {
    const { registrations } = await transition("start", steady(before), at10, { channel });
    registrations
      .filter(({ type, name }) => type.endsWith(":Job") && name.startsWith(`canary-${which}-`))
      .forEach(tamper);
    const found = await allViolations(
      policiesAt(sourcesAt(steady(before), after, steady(before), { channel })),
      registrations,
    );
    expect(found.map(([where]) => where.split(" ")[0])).toContain(policy);
  });

  test("and so is a candidate that does not wait for what expands its schema", async () => {
    const { registrations } = await transition("start", steady(before), at10, { channel });
    const expand = `canary-${jobName(migrations[0]!)}-job`;
    for (const one of registrations)
      one.dependencies = one.dependencies.filter(
        (name) => ![expand, expand.replace(/-job$/, "")].includes(name),
      );
    const policies = policiesAt(sourcesAt(steady(before), after, steady(before), { channel }));
    const found = await allViolations(policies, registrations);
    expect(found.map(([where]) => where.split(" ")[0])).toContain("migration-dependencies");
  });
});

describe("a program that registers something else than what was judged", () => {
  const at10 = rolling(10, next);
  const stories: [string, (resource: Registration) => void, string][] = [
    ["a weight", ofType(":HTTPRoute", (inputs) => swapWeights(inputs)), "route-weights"],
    ["an image", ofType(":Deployment", (inputs) => replaceImage(inputs)), "images"],
    ["a namespace", ofType(":Service", (inputs) => setNamespace(inputs)), "judged-first"],
    ["a release", ofType(":Deployment", (inputs) => relabel(inputs)), "at-most-two-releases"],
    [
      "a command",
      ofType(":Command", (inputs) => Object.assign(inputs, { create: "kubectl patch" })),
      "judged-first",
    ],
  ];

  test.each(stories)("%s: is found out", async (_, tamper, policy) => {
    const { registrations } = await transition("start", steady(), at10);
    registrations.forEach(tamper);
    const found = await allViolations(policiesAt(sourcesAt(steady())), registrations);
    expect(found.map(([where]) => where.split(" ")[0])).toContain(policy);
  });
});

describe("a program that has its channel's commands do something else", () => {
  const at10 = rolling(10, next);
  const run = async (tamper: (request: CommandRequest) => void, more: object = {}) => {
    const { registrations } = await transition("start", steady(), at10, { channel: commandSection });
    for (const { name, inputs } of registrations) {
      if (name !== "canary-traffic-command") continue;
      const request = JSON.parse(String(inputs.stdin));
      tamper(request);
      Object.assign(inputs, { stdin: JSON.stringify(request) }, more);
    }
    const sources = sourcesAt(steady(), next, steady(), { channel: commandSection });
    return (await allViolations(policiesAt(sources), registrations)).map(([where]) => where.split(" ")[0]);
  };

  test.each<[string, (request: CommandRequest) => void]>([
    ["another weight", ({ services }) => Object.assign(services[0]!.weights[1]!, { weight: 30 })],
    ["a service less", ({ services }) => services.pop()],
    ["another program", ({ commands }) => commands.apply.splice(0, 1, "curl")],
    ["an argument more", ({ commands }) => commands.read.push("--all")],
    ["another namespace", ({ scope }) => Object.assign(scope, { namespace: "kube-system" })],
    ["no end", ({ commands }) => Object.assign(commands, { timeoutSeconds: 1e9 })],
    ["another transition", (request) => Object.assign(request, { id: "t1" })],
    ["a way back that it is not", (request) => Object.assign(request, { goesBack: true })],
    ["more than that", (request) => Object.assign(request, { environment: {} })],
  ])("%s: is found out", async (_, tamper) => {
    expect(await run(tamper)).toEqual(["route-weights"]);
  });

  test.each([{ delete: "split --away" }, { environment: { PATH: "/evil" } }, { triggers: ["now"] }])(
    "%j: is found out",
    async (more) => {
      expect(await run(() => {}, more)).toEqual(["judged-first"]);
    },
  );

  test.each([
    [commandSection, section, "gateway-api, not by command"],
    [section, commandSection, "command, not by gateway-api"],
  ])(
    "and so is another adapter than the one that is configured (%#)",
    async (registered, configured, told) => {
      const { registrations } = await transition("start", steady(), at10, { channel: registered });
      const sources = sourcesAt(steady(), next, steady(), { channel: configured });
      const found = await allViolations(policiesAt(sources), registrations);
      expect(JSON.stringify(found)).toContain(`the weights of this channel are given by ${told}`);
    },
  );
});

describe("evidence that is not of what was judged", () => {
  const at10 = rolling(10, next);
  type Predicate = Record<string, unknown>;
  const stories: [string, (inputs: EvidenceInputs) => void, RegExp][] = [
    ["can be changed", (inputs) => Object.assign(inputs, { immutable: false }), /can be changed/],
    ["bears another name", ({ metadata }) => Object.assign(metadata, { name: "it" }), /is named it/],
    ["is none", ({ data }) => Object.assign(data, { envelope: "{}" }), /no statement/],
    ["is of another transition", says({ transition: { id: "t9", kind: "start" } }), /its transition is/],
    ["calls itself another kind", says({ transition: { id: "t2", kind: "rollback" } }), /its transition is/],
    ["skips a place", says({ sequence: 9 }), /its place in the chain is 9/],
    ["follows something else", says({ previous: "d".repeat(64) }), /its predecessor is/],
    ["leads somewhere else", says({ to: { weight: 100 } }), /its end is/],
    [
      "is about another channel",
      says({ channel: "stable" }),
      /it belongs to another channel: expected shop.canary, found shop.stable/,
    ],
    [
      "made its judge up",
      says({ judgedBy: { name: "me", version: "1", tightening: {}, loosened: [] } }),
      /judge/,
    ],
    [
      "holds a password",
      says({ reason: "postgres://shop:hunter2@db/shop" }),
      /password or key in plain text/,
    ],
    [
      "says that a gate was closed",
      says({ gates: [{ gate: "slo", status: "fail", reason: "" }] }),
      /slo said fail/,
    ],
  ];

  test.each(stories)("%s: is found out", async (_, tamper, message) => {
    const { registrations } = await transition("start", steady(), at10);
    const [evidence] = registrations.filter(({ name }) => name === "canary-evidence-1");
    tamper(evidence!.inputs as never);
    const found = await allViolations(policiesAt(sourcesAt(steady())), registrations);
    const own = found.filter(([where]) => where.startsWith("transition-evidence "));
    expect(own.flatMap(([, messages]) => messages).join()).toMatch(message);
  });

  test.each<[string, (envelope: Record<string, unknown[]>) => unknown]>([
    ["another form of itself", (envelope) => ({ ...envelope, note: "more" })],
    [
      "other bytes for the same",
      ({ payload, ...rest }) => ({ payload: `${payload}`.replace(/=*$/, ""), ...rest }),
    ],
  ])("that is %s is found out", async (_, rewrite) => {
    const { registrations } = await transition("start", steady(), at10);
    const [evidence] = registrations.filter(({ name }) => name === "canary-evidence-1");
    const { data } = evidence!.inputs as unknown as EvidenceInputs;
    data.envelope = JSON.stringify(rewrite(JSON.parse(data.envelope)), null, 1);
    const found = JSON.stringify(await allViolations(policiesAt(sourcesAt(steady())), registrations));
    expect(found).toMatch(/transition-evidence/);
    expect(found).toMatch(/it was rewritten|no statement/);
  });

  test("is not what has an address in one text and an '@' in another", async () => {
    const { registrations } = await transition("start", steady(), at10);
    const [evidence] = registrations.filter(({ name }) => name === "canary-evidence-1");
    const pass = (gate: string, reason: string) => ({ gate, reason, status: "pass" });
    const gates = [pass("slo", "as https://figures.example"), pass("approval", "ann@example.com")];
    says({ gates })(evidence!.inputs as never);
    const found = await allViolations(policiesAt(sourcesAt(steady())), registrations);
    expect(found.filter(([where]) => where.startsWith("transition-evidence "))).toEqual([]);
  });

  test("in images is found out", async () => {
    const { registrations } = await transition("start", steady(), at10);
    const [evidence] = registrations.filter(({ name }) => name === "canary-evidence-1");
    rewrite(evidence!.inputs as never, (statement) => statement.subject.pop());
    expect(JSON.stringify(await allViolations(policiesAt(sourcesAt(steady())), registrations))).toMatch(
      /its images is/,
    );
  });

  test("is signed by a key of the access file where that is required", async () => {
    const [key, other] = await Promise.all([aKey(), aKey()]);
    const access = accessPolicy.parse({ evidence: { required: true, keys: [key.entry] } });
    const sources = () => ({
      ...sourcesAt(steady())(),
      policies: () => ({ ...noPolicies, access: () => access }),
    });
    const found = async (signing: Signing) => {
      const { registrations } = await transition("start", steady(), at10, { signing });
      return JSON.stringify(await allViolations(policiesAt(sources), registrations));
    };
    expect(await found(key.signing)).toBe("[]");
    expect(await found(other.signing)).toMatch(/its key is not trusted: expected/);
    expect(await found({ key: null, why: "somebody forgot" })).toMatch(/it is not signed, and has to be/);
    const back = await transition("rollback", rolling(30, next), rolledBack(next));
    const rollback = () => ({ ...sourcesAt(rolling(30, next), old)(), policies: sources().policies });
    expect(await allViolations(policiesAt(rollback), back.registrations)).toEqual([]);
  });

  test("where nothing changes has to be the one of the record", async () => {
    const made = await transition("start", steady(), at10);
    const [evidence] = made.registrations.filter(({ name }) => name === "canary-evidence-1");
    const { data } = evidence!.inputs as unknown as EvidenceInputs;
    const remembers = { evidence: made.record!.evidence! };
    const again = (keptEvidence: string) => reconciliation(at10, remembers, { keptEvidence });
    const found = async (envelope: string) =>
      allViolations(
        policiesAt(sourcesAt(at10, next, at10, { remembers })),
        (await again(envelope)).registrations,
      );
    expect(await found(data.envelope)).toEqual([]);
    expect(JSON.stringify(await found("{}"))).toMatch(/is not the one that the record names/);
  });

  interface EvidenceInputs {
    metadata: { name: string };
    data: { envelope: string };
  }

  function says(more: Predicate): (inputs: EvidenceInputs) => void {
    return (inputs) =>
      rewrite(inputs, ({ predicate }) => {
        for (const [field, value] of Object.entries(more)) {
          const before = predicate[field];
          const both = typeof before === "object" && before !== null && !Array.isArray(value);
          predicate[field] = both ? { ...before, ...(value as object) } : value;
        }
      });
  }

  function rewrite(
    { data }: EvidenceInputs,
    edit: (statement: { subject: unknown[]; predicate: Predicate }) => void,
  ): void {
    const envelope = JSON.parse(data.envelope);
    const statement = JSON.parse(Buffer.from(envelope.payload, "base64").toString());
    edit(statement);
    const payload = Buffer.from(JSON.stringify(statement)).toString("base64");
    data.envelope = JSON.stringify({ ...envelope, payload });
  }
});

type Inputs = Record<string, unknown>;

function ofType(type: string, change: (inputs: Inputs) => void): (resource: Registration) => void {
  return (resource) => {
    if (resource.type.endsWith(type)) change(resource.inputs);
  };
}

function swapWeights(inputs: Inputs): void {
  const { spec } = inputs as { spec: { rules: { backendRefs: { weight: number }[] }[] } };
  for (const backend of spec.rules[0]!.backendRefs) backend.weight = 100 - backend.weight;
}

function replaceImage(inputs: Inputs): void {
  const { spec } = inputs as { spec: { template: { spec: { containers: { image: string }[] } } } };
  spec.template.spec.containers[0]!.image = `evil@sha256:${"0".repeat(64)}`;
}

function replaceLedger(inputs: Inputs): void {
  const { spec } = inputs as { spec: { template: { spec: { initContainers: { image: string }[] } } } };
  spec.template.spec.initContainers[0]!.image = `evil@sha256:${"0".repeat(64)}`;
}

function renameRun(inputs: Inputs): void {
  const { metadata } = inputs as { metadata: { labels: Record<string, string> } };
  metadata.labels["release-channels.dev/run"] = "migrate-0005-clear-00000000";
}

function setNamespace(inputs: Inputs): void {
  (inputs as { metadata: { namespace: string } }).metadata.namespace = "kube-system";
}

function relabel(inputs: Inputs): void {
  const { metadata } = inputs as { metadata: { labels: Record<string, string> } };
  metadata.labels["release-channels.dev/release"] = "9-9-9-00000000";
}
