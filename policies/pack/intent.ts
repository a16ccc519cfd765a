import type { ResourceValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { stashNames } from "../../observe/state";
import { intent as intentSchema, type PackSignature } from "../../rollout/record";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { plain } from "./object-policy";
import { types } from "./objects";
import type { Signature } from "./signature";

/**
 * The intent is what the next update goes on with where this one does not get to its end, with whole releases and not
 * just their ids: it must be the very step that was judged.
 */
export function intent(judgements: Judgements, signature: Signature): ResourceValidationPolicy {
  return {
    name: "intent",
    description: "What an update sets out to do is the transition that was judged.",
    enforcementLevel: "mandatory",
    validateResource: ({ type, name, props }, reportViolation) => {
      if (type !== types.stash || name !== stashNames.intent) return;
      const channel = judgements.passed;
      if (channel === null || follows(props.input, channel, signature.written)) return;
      reportViolation(
        `it is not the ${channel.transition?.kind ?? "intent of the recorded transition"} that was judged`,
      );
    },
  };
}

/** @param judgedBy the signature that the policy `record` has written into it before it is looked at here */
function follows(
  input: unknown,
  { transition, to, intent: before, configuration }: JudgedChannel,
  judgedBy: PackSignature | null,
): boolean {
  const read = intentSchema.safeParse(plain(input ?? null));
  if (!read.success) return false;
  const { startedAt } = read.data;
  const { attempt } = configuration.settings;
  const expected =
    transition === null
      ? before
      : {
          ...{ schema: 1, ...transition, startedAt, target: to, attempt },
          ...(judgedBy === null ? {} : { judgedBy }),
        };
  return canonicalize(plain(read.data)) === canonicalize(plain(expected));
}
