import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { z } from "zod";
import { labelKeys } from "../../rollout/labels";
import { migrationJobName } from "../../rollout/release";
import type { Judgements } from "./judgements";
import { objectPolicy, plain } from "./object-policy";
import { object, types } from "./objects";

/**
 * The engine asks about a resource when all it depends on is done: a Deployment whose migrations it has not asked
 * about yet does not wait for them.
 */
export function migrationsFirst(judgements: Judgements): ResourceValidationPolicy {
  const seen = new Set<string>();
  return objectPolicy({
    name: "migrations-first",
    description: "The migrations of a release run before its Deployments.",
    of: [types.job, types.deployment],
    schema: object,
    check: ({ metadata }, { type }) => {
      if (type === types.job) {
        seen.add(metadata.name);
        return [];
      }
      const release = judgements.releaseOf(metadata.labels);
      if (!release) return [];
      return release.migrations
        .filter((migration) => !seen.has(migrationJobName(migration, release)))
        .map(({ id }) => `migration ${id} of release ${release.version} has not run before it`);
    },
  });
}

/** The same as a matter of the graph, for a preview. */
export const migrationDependencies: StackValidationPolicy = {
  name: "migration-dependencies",
  description: "Deployments depend on the migrations of their release.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, reportViolation) => {
    const jobs = resources.filter(({ type }) => type === types.job);
    for (const deployment of resources.filter(({ type }) => type === types.deployment)) {
      const needed = reachableFrom(deployment);
      for (const job of jobs) {
        if (releaseOf(job) === releaseOf(deployment) && !needed.has(job.urn)) {
          reportViolation(`${deployment.name} does not depend on ${job.name}.`, deployment.urn);
        }
      }
    }
  },
};

function releaseOf({ props }: PolicyResource): string | undefined {
  return object.parse(plain({ metadata: props.metadata })).metadata.labels[labelKeys.release];
}

/** Everything that is done before a resource is begun: a child begins after all that its parents wait for. */
function reachableFrom(resource: PolicyResource): Set<string> {
  const reached = new Set<string>();
  const visit = (one: PolicyResource): void => {
    if (reached.has(one.urn)) return;
    reached.add(one.urn);
    for (const next of [...one.dependencies, ...(one.parent === undefined ? [] : [one.parent])]) visit(next);
  };
  visit(resource);
  return reached;
}

const migrationInputs = z.object({ phase: z.string() });

/** What a contract migration takes away, an older release may still need: it waits until none is left. */
export function contractInFinalize(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "contract-in-finalize",
    description: "Only finalize runs migrations of another phase than expand.",
    of: [types.migration],
    schema: migrationInputs,
    check: ({ phase }) => {
      const { passed } = judgements;
      const finalized = passed?.transition?.kind === "finalize" && passed.to.candidate === null;
      return phase === "expand" || passed === null || passed.transition === null || finalized
        ? []
        : [`it is of the phase ${phase}, and the transition is ${passed.transition.kind}`];
    },
  });
}
