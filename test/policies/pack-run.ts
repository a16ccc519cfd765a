import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { Policies as FilePolicies } from "../../config/load/policies";
import type { StackConfiguration } from "../../config/load/stack";
import { type ChannelSection, stackSettings } from "../../config/schemas/channel";
import { sloPolicy } from "../../config/schemas/slo";
import type { JudgedChannel, Judgement } from "../../policies/pack/channel-judgement";
import { Judgements } from "../../policies/pack/judgements";
import type { Position, TransitionKind } from "../../rollout/record";
import type { Registration } from "../components/engine";
import { section } from "../components/section";
import { liveAt, noChanges, recordOf } from "../rollout/releases";

/** Of the stories' channel, with a rollback window that is over when an hour is. */
export function configurationOf(version: string, channel: Partial<ChannelSection> = {}): StackConfiguration {
  return {
    settings: stackSettings.parse({ version }),
    channel: { ...section, rollbackWindow: 3600, ...channel },
  };
}

export const noPolicies: FilePolicies = {
  slo: () => sloPolicy.parse({ services: {} }),
  compat: () => null,
  evidence: () => null,
  access: () => null,
};

/** A channel that was judged and may go `to`. */
export function judgedTo(
  to: Position,
  kind: TransitionKind | null = "advance",
  more: Partial<JudgedChannel> = {},
): JudgedChannel {
  return {
    name: "canary",
    configuration: configurationOf(to.baseline.version),
    record: recordOf(to),
    intent: null,
    transition: kind === null ? null : { id: "t2", kind },
    data: noChanges,
    restore: null,
    chainEnd: null,
    signers: null,
    sizes: {},
    live: liveAt(to),
    writtenBy: kind === null ? "t1" : "t2",
    to,
    judgedAt: new Date(),
    ...more,
  };
}

export function judgementsOf(judgement: Judgement | JudgedChannel | null): Judgements {
  const judgements = new Judgements();
  if (judgement !== null) {
    judgements.note("to" in judgement ? { outcome: "passed", channel: judgement } : judgement);
  }
  return judgements;
}

/** The engine's own way of telling where a resource belongs. */
function urnOf(resource: Registration, all: readonly Registration[]): string {
  const chain: string[] = [];
  for (let at: Registration | undefined = resource; at; at = parentOf(at, all)) chain.unshift(at.type);
  return `urn:pulumi:canary::release-channels::${chain.join("$")}::${resource.name}`;
}

function parentOf(resource: Registration, all: readonly Registration[]): Registration | undefined {
  return all.find(({ name, custom }) => !custom && name === resource.parent && name !== resource.name);
}

export interface Question {
  type: string;
  name?: string;
  urn?: string;
  props: object;
  config?: object;
}

/** What a resource policy is asked, with what policies do not look at left out. */
export function asked({ type, name = "it", urn, props, config = {} }: Question): ResourceValidationArgs {
  const inChannel = `urn:pulumi:canary::release-channels::release-channels:index:ReleaseChannel$${type}::${name}`;
  return {
    type,
    name,
    urn: urn ?? inChannel,
    props,
    getConfig: () => config,
  } as unknown as ResourceValidationArgs;
}

/** Every violation that a resource policy reports. */
export async function violations(policy: ResourceValidationPolicy, question: Question): Promise<string[]> {
  const found: string[] = [];
  const validations = [policy.validateResource ?? []].flat();
  for (const validate of validations) await validate(asked(question), (message) => void found.push(message));
  return found;
}

/** Every violation that a stack policy reports of these registrations. */
export async function stackViolations(
  policy: StackValidationPolicy,
  registrations: readonly Registration[],
): Promise<string[]> {
  const resources = new Map<string, PolicyResource>();
  for (const one of registrations) {
    const urn = urnOf(one, registrations);
    resources.set(one.name, { type: one.type, name: one.name, urn, props: one.inputs } as PolicyResource);
  }
  for (const { name, dependencies } of registrations) {
    const resource = resources.get(name);
    if (resource) resource.dependencies = dependencies.flatMap((one) => resources.get(one) ?? []);
  }
  const found: string[] = [];
  const args = { resources: [...resources.values()] };
  await policy.validateStack(args as never, (message) => void found.push(message));
  return found;
}

/** What the engine asks of a registration. */
export function questionOf(resource: Registration, all: readonly Registration[]): Question {
  return { type: resource.type, name: resource.name, urn: urnOf(resource, all), props: resource.inputs };
}
