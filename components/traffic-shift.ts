import * as pulumi from "@pulumi/pulumi";
import type { ChannelSection } from "../config/schemas/channel";
import type { ConfirmationRequest } from "../observe/data-plane";
import { cohortMatches, confirmedCohorts } from "../rollout/cohorts";
import { routeRanks } from "../rollout/order";
import { followed, type Plan, routeWeights } from "../rollout/plan";
import { type Confirmation, together } from "../rollout/record";
import type { Release } from "../rollout/release";
import type { ChannelContext } from "./release-context";
import { TrafficConfirmation } from "./traffic-confirmation";
import { TrafficSplit } from "./traffic-split";

export interface TrafficShiftArgs {
  context: ChannelContext;
  section: ChannelSection;
  plan: Plan;
  /** The transition that writes the routes. */
  transition: string;
  correlation: string | undefined;
  /** Traffic returns to the baseline: in the reverse order, and without waiting between the services. */
  goesBack: boolean;
}

type Dependencies = pulumi.Resource[];

/**
 * Moves the routes of all services and asks the data plane. On a raise the routes of one rank wait until those that they
 * come after were seen to have moved.
 */
export class TrafficShift {
  /** What was seen; unknown in a preview. */
  readonly confirmed: pulumi.Output<Confirmation>;
  readonly confirmations: TrafficConfirmation[];

  constructor(
    private readonly args: TrafficShiftArgs,
    private readonly parent: pulumi.Resource,
    dependsOn: Dependencies,
  ) {
    const ranks = routeRanks(args.plan);
    this.confirmations = args.goesBack ? this.back(ranks, dependsOn) : this.forth(ranks, dependsOn);
    this.confirmed = pulumi.all(this.confirmations.map(({ confirmed }) => confirmed)).apply(together);
  }

  private forth(ranks: string[][], dependsOn: Dependencies): TrafficConfirmation[] {
    const confirmations: TrafficConfirmation[] = [];
    ranks.forEach((services, rank) => {
      const routes = this.routes(services, [...dependsOn, ...confirmations]);
      confirmations.push(this.confirmation(rank, services, [...dependsOn, ...confirmations, ...routes]));
    });
    return confirmations;
  }

  private back(ranks: string[][], dependsOn: Dependencies): TrafficConfirmation[] {
    const routes: Dependencies = [];
    for (const services of ranks.toReversed()) {
      routes.push(...this.routes(services, [...dependsOn, ...routes]));
    }
    return ranks.map((services, rank) => this.confirmation(rank, services, [...dependsOn, ...routes]));
  }

  private routes(services: readonly string[], dependsOn: Dependencies): Dependencies {
    const { context, section, plan, transition, correlation } = this.args;
    return services.map(
      (service) =>
        new TrafficSplit(
          `${context.channel}-${service}`,
          {
            context,
            service,
            gateway: section.gateway,
            weights: routeWeights(plan, service),
            cohorts: cohortMatches(plan.to, service),
            follows: followed(plan.to, service),
            transition,
            correlation,
          },
          { parent: this.parent, dependsOn },
        ),
    );
  }

  private confirmation(
    rank: number,
    services: readonly string[],
    dependsOn: Dependencies,
  ): TrafficConfirmation {
    const name = `${this.args.context.channel}-confirmation`;
    return new TrafficConfirmation(
      rank === 0 ? name : `${name}-${rank + 1}`,
      { request: this.request(services) },
      { parent: this.parent, dependsOn },
    );
  }

  private request(services: readonly string[]): ConfirmationRequest {
    const { plan, section, transition } = this.args;
    const { gateway } = section;
    return {
      id: transition,
      url: gateway.url,
      releaseHeader: gateway.releaseHeader,
      withinSeconds: section.confirmWithin,
      services: services.map((service) => {
        const weights = routeWeights(plan, service);
        const candidate = weights.at(-1)?.release ?? plan.to.baseline;
        const spec = candidate.services[service];
        const cohorts = confirmedCohorts(plan.to, service);
        return {
          service,
          hostname: probeHost(gateway.hostnames),
          path: spec?.http?.probePath ?? probePath(spec),
          weights: Object.fromEntries(weights.map(({ release, weight }) => [release.id, weight])),
          candidate: candidate.id,
          ...(cohorts.length === 0 ? {} : { cohorts }),
        };
      }),
    };
  }
}

/** A name that the route takes: of a wildcard, any below it. */
function probeHost(hostnames: readonly string[]): string {
  const [first = ""] = hostnames;
  return hostnames.find((name) => !name.startsWith("*.")) ?? first.replace("*", "probe");
}

/** Asks the readiness endpoint where it is served on the routed port: cheap, and no business request. */
function probePath(spec: Release["services"][string] | undefined): string {
  const readiness = spec?.probes.readiness;
  if (spec?.http === undefined || readiness === undefined) return "/";
  const below = spec.http.path.endsWith("/") ? spec.http.path : `${spec.http.path}/`;
  const routed = readiness.path.startsWith(below) && readiness.port === spec.http.port;
  return routed ? readiness.path : spec.http.path;
}
