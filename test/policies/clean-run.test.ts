import type { Policies, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import type { ChannelSources } from "../../policies/pack/channel-judgement";
import { releasePolicies } from "../../policies/pack/policies";
import type { ChannelRecord, Position, TransitionKind } from "../../rollout/record";
import { resolveRelease } from "../../rollout/release";
import { correction, reconciliation, transition } from "../components/channel";
import type { Registration } from "../components/engine";
import {
  aFile,
  apiAndWorker,
  completed,
  intentTo,
  liveAt,
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
function sourcesAt(from: Position | null, wanted = next, live: Position | null = from): () => ChannelSources {
  const record: ChannelRecord | null = from === null ? null : recordOf(from);
  return () => ({
    stack: "canary",
    configuration: () => configurationOf(wanted.version),
    memory: async () => ({ record, intent: from === null ? null : intentTo("advance", from, "t1") }),
    live: async () => (live === null ? { routes: {}, mirror: null, jobs: [] } : liveAt(live)),
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

function setNamespace(inputs: Inputs): void {
  (inputs as { metadata: { namespace: string } }).metadata.namespace = "kube-system";
}

function relabel(inputs: Inputs): void {
  const { metadata } = inputs as { metadata: { labels: Record<string, string> } };
  metadata.labels["release-channels.dev/release"] = "9-9-9-00000000";
}
