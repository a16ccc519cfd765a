import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { commandScript } from "../../traffic/command-adapter";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { plain } from "./object-policy";
import { object, ownTypes, types } from "./objects";

/**
 * What a channel writes nothing without, in the cluster and in its memory: told of these alone, so that a refusal is
 * not repeated for every object. It stops an update also where `release-gates` itself was set to advise only.
 */
const heldBy: readonly string[] = [types.provider, types.stash];

/** Type tokens that write nothing outside of Pulumi's state, and nothing that is remembered. */
const stateOnly = /^(release-channels:index:\w+|pulumi:pulumi:Stack|pulumi:providers:(command|pulumi))$/;

const knownCommands = [
  "node run.cjs observe/data-plane.ts",
  "node run.cjs observe/job-answer.ts",
  "node run.cjs observe/ready-capacity.ts",
  commandScript,
] as const;

const commandInputs = z.strictObject({
  create: z.enum(knownCommands),
  stdin: z.string(),
  addPreviousOutputInEnv: z.literal(false).optional(),
  logging: z.string().optional(),
});

const providerInputs = z.object({
  context: z.string().optional(),
  /** The SDK fills in what KUBECONFIG says. */
  kubeconfig: z.string().optional(),
  cluster: z.string().optional(),
});

/**
 * Whatever touches the cluster belongs to the channel that was judged, and is something this pack can judge.
 * @param kubeconfig what KUBECONFIG says, by which the gates found the cluster
 */
export function judgedFirst(
  judgements: Judgements,
  kubeconfig: string | undefined,
): ResourceValidationPolicy {
  return {
    name: "judged-first",
    description: "Nothing is written that does not belong to a release channel which was judged before.",
    enforcementLevel: "mandatory",
    validateResource: (args, reportViolation) => {
      if (stateOnly.test(args.type)) return;
      if (judgements.last === null || !belongsToChannel(args.urn)) {
        reportViolation(
          `${args.name} (${args.type}) is not part of a release channel that was judged by the policy release-gates.`,
        );
        return;
      }
      const channel = judgements.passed;
      if (channel === null) {
        if (heldBy.includes(args.type)) {
          reportViolation(`${args.name}: its release channel was refused by the policy release-gates.`);
        }
        return;
      }
      for (const violation of violationsOf(args, channel, kubeconfig))
        reportViolation(`${args.name}: ${violation}`);
    },
  };
}

/** The types of all parents are part of a URN. */
function belongsToChannel(urn: string): boolean {
  return (urn.split("::")[2] ?? "").startsWith(`${types.channel}$`);
}

function violationsOf(
  { type, props }: ResourceValidationArgs,
  channel: JudgedChannel,
  kubeconfig: string | undefined,
): string[] {
  const { context, namespace } = channel.configuration.channel;
  if (type === types.provider) {
    const inputs = providerInputs.safeParse(plain(props));
    const same =
      inputs.success &&
      inputs.data.context === context &&
      inputs.data.cluster === undefined &&
      [kubeconfig, undefined].includes(inputs.data.kubeconfig);
    return same ? [] : ["the provider writes to another cluster than the one the gates looked at"];
  }
  // What the channel remembers; the policies `intent` and `record` look at what that is.
  if (type === types.stash) return [];
  if (type === types.command) {
    return commandInputs.safeParse(plain(props)).success
      ? []
      : [`the only commands of a release channel are ${knownCommands.join(", ")}`];
  }
  if (!ownTypes.includes(type)) return [`a release channel is not made of ${type}`];
  const read = object.safeParse(plain({ metadata: props.metadata }));
  if (!read.success) return ["it has no name or namespace of its own"];
  if (read.data.metadata.namespace !== namespace) {
    return [`it is in the namespace ${read.data.metadata.namespace}; the channel's is ${namespace}`];
  }
  return [];
}
