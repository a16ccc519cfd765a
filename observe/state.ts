import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { UserError } from "../config/load/problems";
import { envelopeKey } from "../evidence/chain/stored";
import { type ChannelRecord, channelRecord, type Intent, intent } from "../rollout/record";

/** Logical names of the two Stashes. */
export const stashNames = { intent: "intent", record: "record" } as const;

/** Only a channel's own Stashes are its memory: one of the same name anywhere else in a stack is none. */
const stashOfChannel = "::release-channels:index:ReleaseChannel$pulumi:index:Stash::";

const evidenceOfChannel =
  "::release-channels:index:ReleaseChannel$release-channels:index:EvidenceRecord$kubernetes:core/v1:ConfigMap::";

/** What a channel's stack remembers; null where it has no such memory yet. */
export interface Memory {
  intent: Intent | null;
  record: ChannelRecord | null;
}

/** What the engine keeps of a stack, as far as it is looked at. */
export interface StackState extends Memory {
  /** Kind → names of the Kubernetes objects that the engine believes to be there. */
  objects: Readonly<Record<string, readonly string[]>>;
  /** Name → envelope, of the evidence that is still in the state: the newest, and what an unfinished update left. */
  evidence: Readonly<Record<string, string>>;
}

/** URN → what the resource returned, for every resource of the stack. */
const resourceOutputs = z.record(z.string(), z.object({ outputs: z.record(z.string(), z.unknown()) }));
const stackOutputs = z.object({ outputs: resourceOutputs });

const stashOutputs = z.object({ input: z.unknown() });

/**
 * Reads the Stashes of a channel's stack, also of the running one. No StackReference: that would be a resource.
 * @throws when the backend does not answer; a stack that does not exist yet is an empty memory.
 */
export async function readMemory(stack: string): Promise<StackState> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const answer: unknown = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
    stackName: name,
  });
  return memoryFrom(stackOutputs.parse(answer).outputs, stack);
}

/** @param outputs URN → what the resource returned, of all resources of the stack */
export function memoryFrom(outputs: z.infer<typeof resourceOutputs>, stack: string): StackState {
  const stash = (logicalName: string): unknown => {
    const urn = Object.keys(outputs).find((key) => key.endsWith(`${stashOfChannel}${logicalName}`));
    return urn === undefined ? null : stashOutputs.parse(outputs[urn]?.outputs).input;
  };
  return {
    intent: parse(intent, stash(stashNames.intent), stack, stashNames.intent),
    record: parse(channelRecord, stash(stashNames.record), stack, stashNames.record),
    objects: objectsFrom(outputs),
    evidence: evidenceFrom(outputs),
  };
}

const namedObject = z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) });

function objectsFrom(resources: z.infer<typeof resourceOutputs>): Record<string, string[]> {
  const objects: Record<string, string[]> = {};
  for (const [urn, { outputs }] of Object.entries(resources)) {
    const object = namedObject.safeParse(outputs);
    if (!urn.includes("$kubernetes:") || !object.success) continue;
    const { kind, metadata } = object.data;
    objects[kind] = [...(objects[kind] ?? []), metadata.name];
  }
  return objects;
}

const evidenceObject = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.object({ [envelopeKey]: z.string() }),
});

function evidenceFrom(resources: z.infer<typeof resourceOutputs>): Record<string, string> {
  const found = Object.entries(resources).flatMap(([urn, { outputs }]) => {
    const object = evidenceObject.safeParse(outputs);
    return urn.includes(evidenceOfChannel) && object.success ? [object.data] : [];
  });
  return Object.fromEntries(found.map(({ metadata, data }) => [metadata.name, data[envelopeKey]]));
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, stack: string, name: string) {
  if (value === null) return null;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UserError(
    `The ${name} in the state of stack ${stack} cannot be read (${issue?.path.join(".")}: ${issue?.message}): it was written by another generation of this program, or edited.`,
  );
}
