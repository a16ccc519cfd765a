import type { ResourceValidationPolicy } from "@pulumi/policy";
import {
  type CapacityInput,
  capacitySettings,
  type PlannedService,
  plannedReleases,
} from "../../rollout/capacity";
import { labelKeys } from "../../rollout/labels";
import { positionOf } from "../../rollout/record";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { autoscaler, deployment, types } from "./objects";

/** Each side has the pods that its share needs: what is registered asks for no fewer than the judged position. */
export function capacity(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "capacity",
    description: "A Deployment, and its autoscaler, have the pods that the release's share needs.",
    of: [types.deployment],
    schema: deployment,
    check: ({ metadata: { labels }, spec: { replicas } }) => {
      const planned = plannedOf(judgements.passed, labels);
      // The engine leaves alone what an autoscaler decides on.
      if (planned === null || planned.autoscaling !== undefined || planned.scaledBy !== undefined) return [];
      return replicas === planned.replicas
        ? []
        : [`it has ${replicas} replicas; the position that was judged needs ${planned.replicas}`];
    },
  });
}

/** An autoscaler keeps what the share needs, of nothing but the Deployment of its own name. */
export function autoscalers(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "autoscalers",
    description: "An autoscaler scales its own Deployment, and never below what the release's share needs.",
    of: [types.autoscaler],
    schema: autoscaler,
    check: ({ metadata: { name, labels }, spec: { scaleTargetRef, minReplicas, maxReplicas } }) => {
      const { kind, name: target } = scaleTargetRef;
      if (kind !== "Deployment" || target !== name)
        return [`it scales ${kind} ${target}, not Deployment ${name}`];
      const { passed } = judgements;
      if (passed === null) return [];
      const bounds = plannedOf(passed, labels)?.autoscaling;
      if (bounds === undefined) return ["no service that is autoscaled here has it"];
      return minReplicas === bounds.minReplicas && maxReplicas === bounds.maxReplicas
        ? []
        : [
            `it keeps ${minReplicas} to ${maxReplicas} pods; the position that was judged needs ${bounds.minReplicas} to ${bounds.maxReplicas}`,
          ];
    },
  });
}

function plannedOf(
  channel: JudgedChannel | null,
  labels: Readonly<Record<string, string>>,
): PlannedService | null {
  if (channel === null) return null;
  const { to, record, sizes, live, configuration } = channel;
  const input: CapacityInput = { settings: capacitySettings(configuration.channel), sizes, live };
  const releases = plannedReleases(to, record === null ? null : positionOf(record), input);
  const services = releases.find(({ release }) => release.id === labels[labelKeys.release])?.services;
  return services?.find(({ service }) => service === labels[labelKeys.name]) ?? null;
}
