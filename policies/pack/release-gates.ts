import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type ChannelSources, judgeChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { plain } from "./object-policy";
import { types } from "./objects";
import { signedPolicies } from "./signature";
import { target } from "./target";
import { tighteningOf, tighteningSchema } from "./tightening";

/**
 * The gates, asked again by the engine. Nothing of a channel is registered before its ReleaseChannel, so a violation
 * here stops an update before its first change, also one that skips the preview.
 */
export function releaseGates(
  sources: () => ChannelSources,
  judgements: Judgements,
): ResourceValidationPolicy {
  return {
    name: signedPolicies.tightened,
    description:
      "A release channel moves only by the next step, and only while the gates of that step are open.",
    enforcementLevel: "mandatory",
    configSchema: tighteningSchema,
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
