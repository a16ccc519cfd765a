import type { Policies } from "@pulumi/policy";
import { autoscalers, capacity } from "./capacity";
import type { ChannelSources } from "./channel-judgement";
import { disruptionBudgets } from "./disruption-budgets";
import { evidence } from "./evidence";
import { images } from "./images";
import { intent } from "./intent";
import { judgedFirst } from "./judged-first";
import { Judgements } from "./judgements";
import { atMostTwoReleases, correlationIds, labels, podLabels, transitionIds } from "./labels";
import { jobsAsPlanned, migrationDependencies, migrationsFirst } from "./migrations-first";
import { configMapSecrets, podSecrets } from "./plain-text-secrets";
import { record } from "./record";
import { releaseGates } from "./release-gates";
import { type PackIdentity, Signature } from "./signature";
import { routeWeights, serviceTargets } from "./traffic";
import { containerResources, noUnavailability, probes, securityContext } from "./workloads";

/** What of the engine's environment policies depend on. */
export interface PackEnvironment {
  /** Whether it is a preview, in which some values are not known yet. */
  preview: boolean;
  kubeconfig: string | undefined;
}

/**
 * All policies of the pack, for one run of the engine.
 * @param sources read when the first channel is judged
 */
export function releasePolicies(
  sources: () => ChannelSources,
  pack: PackIdentity,
  { preview, kubeconfig }: PackEnvironment,
): Policies {
  const judgements = new Judgements();
  const signature = new Signature(pack);
  const policies: Policies = [
    releaseGates(sources, judgements),
    judgedFirst(judgements, kubeconfig),
    intent(judgements, signature),
    evidence(judgements, signature),
    record(judgements, sources, signature, preview),
    routeWeights(judgements),
    serviceTargets(judgements),
    atMostTwoReleases(judgements),
    capacity(judgements),
    autoscalers(judgements),
    labels(judgements),
    podLabels,
    transitionIds(judgements),
    correlationIds(judgements),
    images(judgements),
    migrationsFirst(judgements),
    jobsAsPlanned(judgements),
    containerResources,
    probes,
    securityContext,
    noUnavailability,
    podSecrets,
    configMapSecrets(judgements),
    disruptionBudgets,
    migrationDependencies(judgements),
  ];
  return policies.map((policy) => signature.noting(policy));
}
