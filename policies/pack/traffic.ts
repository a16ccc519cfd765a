import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { z } from "zod";
import { activeCohorts, cohortMatches, takesAll, textOf } from "../../rollout/cohorts";
import { labelKeys, routeName } from "../../rollout/labels";
import { followed } from "../../rollout/plan";
import type { Position } from "../../rollout/record";
import { httpServices, objectName } from "../../rollout/release";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { route, service, types } from "./objects";

/** A route gives each release what the judged position says, and sends nothing anywhere else. */
export function routeWeights(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "route-weights",
    description:
      "A route's weights sum to 100, and they and its cohorts are those of the position that was judged.",
    of: [types.route],
    schema: route,
    check: ({ metadata, spec: { parentRefs, hostnames, rules } }) => {
      const [rule, ...others] = rules.filter(takesAll);
      if (rule === undefined || others.length > 0) {
        return [
          `it has ${others.length + (rule === undefined ? 0 : 1)} rules for all requests instead of one`,
        ];
      }
      const cohortRules = rules.filter((one) => one !== rule);
      const backends = rule.backendRefs;
      const sum = backends.reduce((total, { weight }) => total + weight, 0);
      const channel = judgements.passed;
      const rulesKept: [boolean, string][] = [
        [sum === 100, `its weights sum to ${sum} instead of 100`],
        [
          backends.every(({ weight }) => Number.isInteger(weight) && weight >= 0),
          "a weight is no whole number from 0",
        ],
        [
          rules.flatMap((one) => [...one.filters, ...one.backendRefs.flatMap(({ filters }) => filters)])
            .length === 0,
          "it has filters, which the data plane's confirmation does not see",
        ],
      ];
      if (channel !== null) {
        const live = describe(Object.fromEntries(backends.map(({ name, weight }) => [name, weight])));
        const wanted = describe(expectedWeights(channel.to, metadata.labels[labelKeys.name] ?? ""));
        const { namespace, gateway } = channel.configuration.channel;
        const names = gateway.hostnames;
        rulesKept.push(
          [
            rules.flatMap(({ backendRefs }) => backendRefs).every((one) => isServiceOf(namespace, one)),
            `it leads to something else than Services in ${namespace}`,
          ],
          [
            parentRefs.every(
              (one) =>
                one.kind === "Gateway" &&
                one.name === gateway.name &&
                one.namespace === gateway.namespace &&
                one.sectionName === gateway.listener,
            ),
            `it takes traffic from elsewhere than Gateway ${gateway.namespace}/${gateway.name}`,
          ],
          [live === wanted, `its weights are ${live}; the position that was judged has ${wanted}`],
          [
            cohortsOf(cohortRules) === expectedCohorts(channel.to, metadata.labels[labelKeys.name] ?? ""),
            `its rules beside the weights are not those of the cohorts of the position that was judged: ${namesOf(channel.to)}`,
          ],
          [
            hostnames.join() === names.join(),
            `its host names are ${hostnames.join(", ")}, not ${names.join(", ")}`,
          ],
        );
      }
      return rulesKept.filter(([kept]) => !kept).map(([, violation]) => violation);
    },
  });
}

function isServiceOf(
  channelNamespace: string,
  { group, kind, namespace = channelNamespace }: { group: string; kind: string; namespace?: string },
): boolean {
  return group === "" && kind === "Service" && namespace === channelNamespace;
}

/** Backend → weight. */
function expectedWeights({ baseline, candidate, weight }: Position, name: string): Record<string, number> {
  const sides = [
    { release: baseline, share: 100 - weight },
    ...(candidate === null ? [] : [{ release: candidate, share: weight }]),
  ].filter(({ release }) => httpServices(release).includes(name));
  return Object.fromEntries(
    sides.map(({ release, share }) => [objectName(name, release), sides.length === 1 ? 100 : share]),
  );
}

/** Of each rule what it matches and where it leads; the order says nothing. */
function cohortsOf(rules: z.infer<typeof route>["spec"]["rules"]): string {
  const texts = rules.map(({ matches, backendRefs }) => {
    const weights = backendRefs.map(({ name, weight }) => `${name} ${weight}`).join(", ");
    return `${textOf(matches)} → ${weights}`;
  });
  return texts.sort().join("\n");
}

function expectedCohorts(to: Position, name: string): string {
  const { candidate } = to;
  if (candidate === null) return "";
  const texts = cohortMatches(to, name).map(
    (matches) => `${textOf(matches)} → ${objectName(name, candidate)} 100`,
  );
  return texts.sort().join("\n");
}

function namesOf(to: Position): string {
  return (
    activeCohorts(to)
      .map(({ name }) => name)
      .join(", ") || "none"
  );
}

function describe(weights: Record<string, number>): string {
  return (
    Object.entries(weights)
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([backend, weight]) => `${backend} ${weight}`)
      .join(", ") || "none"
  );
}

/** A Service leads to the release it is named after, by its name; the one for callers in the cluster to the judged one. */
export function serviceTargets(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "service-targets",
    description: "A Service selects the pods of the release that it stands for.",
    of: [types.service],
    schema: service,
    check: ({ metadata, spec: { type, selector } }) => {
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
