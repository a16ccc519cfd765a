import { UserError } from "../config/load/problems";
import type { ObjectNames } from "../observe/ownership";
import { evidenceName, mirrorName, routeName } from "../rollout/labels";
import { type Plan, routedServices } from "../rollout/plan";
import { objectName } from "../rollout/release";
import { dataAccountName } from "./data-changes";

/**
 * Names of all objects that a plan writes, to be checked for other owners first.
 * @param sequence of the evidence that it writes; null where it writes none
 */
export function objectNames(
  plan: Plan,
  product: string,
  channel: string,
  sequence: number | null,
): ObjectNames {
  const all = plan.releases.flatMap(({ release }) =>
    Object.entries(release.services).map(([service, { http }]) => ({
      name: objectName(service, release),
      http,
    })),
  );
  const names = all.map(({ name }) => name);
  const routes = routedServices(plan).map((service) => routeName(product, channel, service));
  const mirror = mirrorName(product, channel);
  // Evidence need not fit: a ConfigMap's name may be longer, and this one grows with every tenth transition.
  const evidence = sequence === null ? [] : [evidenceName(product, channel, sequence)];
  requireValid([...names, ...routes, mirror]);
  return {
    Deployment: names,
    HorizontalPodAutoscaler: plan.releases.flatMap(({ release, services }) =>
      services
        .filter(({ autoscaling }) => autoscaling !== undefined)
        .map(({ service }) => objectName(service, release)),
    ),
    PodDisruptionBudget: names,
    ConfigMap: [...names, mirror, ...evidence],
    Service: [...all.filter(({ http }) => http !== undefined).map(({ name }) => name), ...routes],
    Job: [...plan.data.migrations, ...plan.data.companions, ...plan.data.reconciliations].map(
      ({ name }) => name,
    ),
    ServiceAccount: [dataAccountName(product, channel)],
    routes,
  };
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function requireValid(names: readonly string[]): void {
  const invalid = names.filter((name) => !dnsLabel.test(name));
  if (invalid.length === 0) return;
  throw new UserError(
    `Kubernetes does not take these names: ${invalid.join(", ")}. They are made of product, stack and service: at most 63 lower-case letters, digits and '-'. Choose a shorter name for the stack, the product or the service.`,
  );
}
