import type { ResourceValidationPolicy } from "@pulumi/policy";
import { correlationsOf } from "../../rollout/correlation";
import { correlationAnnotation, labelKeys, managedBy, transitionAnnotation } from "../../rollout/labels";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { object, ownTypes, routeTypes, types, workload } from "./objects";

/** Only what is labelled is found again: by the program, by its ownership check, and by people. */
export function labels(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "labels",
    description: "Every object says which product, channel and release it belongs to.",
    of: ownTypes,
    schema: object,
    check: ({ metadata }, { type }) => {
      const channel = judgements.passed;
      const ofRelease = [types.deployment, types.job, types.budget, types.autoscaler].some(
        (one) => one === type,
      );
      const ofService = type !== types.configMap && type !== types.serviceAccount;
      return missing(metadata.labels, {
        [labelKeys.managedBy]: managedBy,
        [labelKeys.partOf]: channel?.configuration.channel.product,
        [labelKeys.channel]: channel === null ? undefined : channel.name,
        ...(ofService ? { [labelKeys.name]: undefined } : {}),
        ...(ofRelease ? { [labelKeys.release]: undefined, [labelKeys.version]: undefined } : {}),
      });
    },
  });
}

/** Labels that are not there, or not what is wanted where something certain is wanted. */
function missing(found: Record<string, string>, wanted: Record<string, string | undefined>): string[] {
  return Object.entries(wanted).flatMap(([key, value]) => {
    const label = found[key];
    if (label === undefined) return [`it has no label ${key}`];
    return value === undefined || label === value ? [] : [`its label ${key} is ${label}, not ${value}`];
  });
}

/** Pods bear their release, by which Services, budgets and figures tell them apart. */
export const podLabels: ResourceValidationPolicy = objectPolicy({
  name: "pod-labels",
  description: "Pods bear the labels of the object that makes them.",
  of: [types.deployment, types.job],
  schema: workload,
  check: ({ metadata, spec: { template } }) => missing(template.metadata.labels, metadata.labels),
});

/** What a transition writes bears its id: by it the objects, the record and the reports of one change are found. */
export function transitionIds(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "transition-ids",
    description:
      "Routes, and Deployments that are waited for, bear the id of the transition that wrote them.",
    of: [...routeTypes, types.deployment],
    schema: object,
    check: ({ metadata }, { type }) => {
      const { passed } = judgements;
      const id = metadata.annotations[transitionAnnotation];
      const nobodyWaits =
        type === types.deployment && metadata.annotations["pulumi.com/skipAwait"] === "true";
      if (passed === null || (id === undefined && nobodyWaits) || id === passed.writtenBy) return [];
      return [`its annotation ${transitionAnnotation} is ${id ?? "missing"}, not ${passed.writtenBy}`];
    },
  });
}

/** Everything of one rollout is found by the id of the transition that brought its release in. */
export function correlationIds(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "correlation-ids",
    description: "Every object bears the correlation id of its release, or of the release being rolled out.",
    of: ownTypes,
    schema: object,
    check: ({ metadata }) => {
      const { passed } = judgements;
      if (passed === null) return [];
      const { record, to, transition } = passed;
      const correlations = correlationsOf(record, to, transition?.id ?? null);
      const release = metadata.labels[labelKeys.release] ?? (to.candidate ?? to.baseline).id;
      const [wanted, found] = [correlations[release], metadata.annotations[correlationAnnotation]];
      return found === wanted
        ? []
        : [`its annotation ${correlationAnnotation} is ${found ?? "missing"}, not ${wanted ?? "left out"}`];
    },
  });
}

/** A baseline and a candidate, and nothing besides them. */
export function atMostTwoReleases(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "at-most-two-releases",
    description: "A channel has at most two live releases: those of the position that was judged.",
    of: ownTypes,
    schema: object,
    check: ({ metadata }, { type }) => {
      const release = metadata.labels[labelKeys.release];
      const { passed } = judgements;
      if (release === undefined || passed === null || liveIds(passed).includes(release)) return [];
      // What a release that is gone has migrated is undone after it, and its Job is kept.
      const migrated = passed.data.migrations.some(({ run }) => run.release === release);
      if (type === types.job && migrated) return [];
      return [`it belongs to release ${release}; live are ${liveIds(passed).join(" and ")}`];
    },
  });
}

function liveIds({ to: { baseline, candidate } }: JudgedChannel): string[] {
  return candidate === null ? [baseline.id] : [baseline.id, candidate.id];
}
