import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type ChannelSources, judgeChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { plain } from "./object-policy";
import { types } from "./objects";
import { target } from "./target";
import { tighteningOf, tighteningSchema } from "./tightening";

/** Name and version of this pack. */
export interface PackIdentity {
  name: string;
  version: string;
}

/**
 * The gates, asked again by the engine. Nothing of a channel is registered before its ReleaseChannel, so a violation
 * here stops an update before its first change, also one that skips the preview.
 *
 * Its level is `remediate`, the only one at which the engine both blocks and lets a policy write: the pack signs
 * for the channel with its name, version and configuration. At any lesser level that signature is missing.
 */
export function releaseGates(
  sources: () => ChannelSources,
  judgements: Judgements,
  pack: PackIdentity,
): ResourceValidationPolicy {
  return {
    name: "release-gates",
    description:
      "A release channel moves only by the next step, and only while the gates of that step are open.",
    enforcementLevel: "remediate",
    configSchema: tighteningSchema,
    remediateResource: ({ type, props, getConfig }) => {
      if (type !== types.channel) return undefined;
      return { ...(plain(props) as object), judgedBy: { ...pack, tightening: getConfig<object>() } };
    },
    validateResource: async ({ type, props, getConfig }, reportViolation) => {
      if (type !== types.channel) return;
      try {
        const tightening = tighteningOf(getConfig<object>());
        judgements.note(await judgeChannel(target.parse(plain(props)), sources(), tightening));
      } catch (error) {
        // What cannot be judged is not let through.
        judgements.note({ outcome: "refused", reasons: [(error as Error).message] });
      }
      if (judgements.last?.outcome !== "refused") return;
      for (const reason of judgements.last.reasons) reportViolation(reason);
    },
  };
}
