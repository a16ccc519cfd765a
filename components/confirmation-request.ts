import type { ChannelSection } from "../config/schemas/channel";
import type { ConfirmationRequest } from "../observe/data-plane";
import { confirmedCohorts } from "../rollout/cohorts";
import { type Plan, routeWeights } from "../rollout/plan";
import type { Release } from "../rollout/release";
import { hostnamesFor, protocolOf } from "../rollout/routes";

/**
 * What the data plane is asked of some services of a plan.
 * @param id of the transition; each asks anew
 */
export function confirmationRequest(
  id: string,
  plan: Plan,
  services: readonly string[],
  { gateway, confirmWithin }: ChannelSection,
): ConfirmationRequest {
  return {
    id,
    url: gateway.url,
    releaseHeader: gateway.releaseHeader,
    withinSeconds: confirmWithin,
    services: services.map((service) => {
      const weights = routeWeights(plan, service);
      const candidate = weights.at(-1)?.release ?? plan.to.baseline;
      const spec = candidate.services[service];
      const protocol = protocolOf(service, weights);
      const cohorts = confirmedCohorts(plan.to, service);
      return {
        service,
        ...(protocol === "grpc" ? { protocol } : {}),
        hostname: probeHost(hostnamesFor(protocol, gateway)),
        path: spec?.http?.probePath ?? probePath(spec),
        weights: Object.fromEntries(weights.map(({ release, weight }) => [release.id, weight])),
        candidate: candidate.id,
        ...(cohorts.length === 0 ? {} : { cohorts }),
      };
    }),
  };
}

/** A name that the route takes: of a wildcard, any below it. */
function probeHost(hostnames: readonly string[]): string {
  const [first = ""] = hostnames;
  return hostnames.find((name) => !name.startsWith("*.")) ?? first.replace("*", "probe");
}

/** Asks the readiness endpoint where it is served on the routed port: cheap, and no business request. */
function probePath(spec: Release["services"][string] | undefined): string {
  const readiness = spec?.probes.readiness;
  if (spec?.http?.protocol === "grpc") return "/grpc.health.v1.Health/Check";
  if (spec?.http === undefined || readiness === undefined) return "/";
  const below = spec.http.path.endsWith("/") ? spec.http.path : `${spec.http.path}/`;
  const routed = readiness.path.startsWith(below) && readiness.port === spec.http.port;
  return routed ? readiness.path : spec.http.path;
}
