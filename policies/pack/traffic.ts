import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { AdapterName } from "../../config/schemas/gateway";
import { labelKeys, routeName } from "../../rollout/labels";
import { followed } from "../../rollout/plan";
import { objectName } from "../../rollout/release";
import type { TrafficTarget } from "../../traffic/adapter";
import { adapters } from "../../traffic/adapters";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy, violationsOf } from "./object-policy";
import { service, types } from "./objects";

/** Whatever gives weights gives those that were judged, by the adapter that is configured; each knows its own. */
export function routeWeights(judgements: Judgements): ResourceValidationPolicy {
  const all = (Object.keys(adapters) as AdapterName[]).flatMap((name) =>
    adapters[name].written.map((written) => ({ name, ...written })),
  );
  const rules = all.map(({ name, type, concerns = () => true, schema, check }) => ({
    of: [type],
    except: ({ props }: { props: Record<string, unknown> }) => !concerns(props),
    schema,
    check: (resource: Record<string, unknown>) => {
      const channel = judgements.passed;
      if (channel === null) return check(resource, null);
      const { adapter } = channel.configuration.channel.gateway;
      if (adapter !== name) return [`the weights of this channel are given by ${adapter}, not by ${name}`];
      return check(resource, targetOf(channel));
    },
  }));
  return {
    name: "route-weights",
    description:
      "A route's weights sum to 100, and they and its cohorts are those of the position that was judged.",
    enforcementLevel: "mandatory",
    validateResource: (args, reportViolation) => {
      for (const violation of rules.flatMap((rule) => violationsOf(rule, args))) reportViolation(violation);
    },
  };
}

function targetOf({ name, configuration, to, transition, record, writtenBy }: JudgedChannel): TrafficTarget {
  const kind = (transition ?? record?.transition)?.kind ?? "install";
  return { channelName: name, channel: configuration.channel, to, transition: { id: writtenBy, kind } };
}

/** A Service leads to the release it is named after, by its name; the one for callers in the cluster to the judged one. */
export function serviceTargets(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "service-targets",
    description: "A Service selects the pods of the release that it stands for.",
    of: [types.service],
    schema: service,
    check: ({ metadata, spec: { type, selector, externalName, externalIPs, sessionAffinity } }) => {
      const channel = judgements.passed;
      if (channel === null) return [];
      const name = metadata.labels[labelKeys.name] ?? "";
      const release = metadata.labels[labelKeys.release];
      const ownName =
        release === undefined
          ? routeName(channel.configuration.channel.product, channel.name, name)
          : objectName(name, { id: release });
      if (metadata.name !== ownName) return [`it stands for ${ownName}, and is named ${metadata.name}`];
      if (type !== "ClusterIP") return [`it is of the type ${type}, and not ClusterIP`];
      if (externalName !== undefined) return [`it leads out of the cluster, to ${externalName}`];
      if (externalIPs.length > 0) return [`it takes what is sent to ${externalIPs.join(", ")}`];
      if (sessionAffinity !== "None") {
        return [
          `its sessionAffinity is ${sessionAffinity}, which the data plane's confirmation does not see`,
        ];
      }
      const wanted = release ?? followed(channel.to, name).id;
      const selected = selector[labelKeys.release];
      const sameService =
        selector[labelKeys.name] === name &&
        selector[labelKeys.channel] === metadata.labels[labelKeys.channel];
      return selected === wanted && sameService
        ? []
        : [
            `it selects ${selected ?? "any release"} of ${selector[labelKeys.name] ?? "any service"}, not ${wanted} of ${name}`,
          ];
    },
  });
}
