import type { PolicyResource, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { labelKeys } from "../../rollout/labels";
import { jobName } from "../../rollout/migrations";
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
        seen.add(metadata.labels[labelKeys.run] ?? metadata.name);
        return [];
      }
      const release = judgements.releaseOf(metadata.labels);
      if (!release) return [];
      return (judgements.passed?.data.migrations ?? [])
        .filter(({ run }) => run.release === release.id && run.step === "before-traffic")
        .filter(({ run }) => !seen.has(jobName(run)))
        .map(({ run }) => `migration ${run.spec.id} of release ${release.version} has not run before it`);
    },
  });
}

/** The same as a matter of the graph, for a preview. Jobs that run beside the rollout, or after it, hold up nothing. */
export function migrationDependencies(judgements: Judgements): StackValidationPolicy {
  return {
    name: "migration-dependencies",
    description: "Deployments depend on the migrations of their release.",
    enforcementLevel: "mandatory",
    validateStack: ({ resources }, reportViolation) => {
      const first = (judgements.passed?.data.migrations ?? [])
        .filter(({ run }) => run.step === "before-traffic")
        .map(({ run }) => jobName(run));
      const jobs = resources.filter(
        (one) => one.type === types.job && first.includes(labelsOf(one)[labelKeys.run] ?? ""),
      );
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
}

function labelsOf({ props }: PolicyResource): Record<string, string> {
  return object.parse(plain({ metadata: props.metadata })).metadata.labels;
}

function releaseOf(resource: PolicyResource): string | undefined {
  return labelsOf(resource)[labelKeys.release];
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

/**
 * What a migration takes away, another release may still need: no Job runs but those of the step that was judged, a
 * contract in `finalize` alone.
 */
export function jobsAsPlanned(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "jobs-as-planned",
    description: "Only the Jobs of this step run, and contract migrations only in finalize.",
    of: [types.job],
    schema: object,
    check: ({ metadata }) => {
      const { passed } = judgements;
      if (passed === null) return [];
      const run = metadata.labels[labelKeys.run];
      const { migrations, companions, reconciliations } = passed.data;
      const planned = [
        ...migrations.flatMap((one) => (one.stopped ? [] : jobName(one.run))),
        ...companions.map(({ run }) => run),
        ...reconciliations.map((one) => one.run),
      ];
      const step = passed.transition?.kind ?? "reconciliation of what is recorded";
      return run !== undefined && planned.includes(run)
        ? []
        : [`${run ?? "a Job of no migration"} has no place in this ${step}`];
    },
  });
}
