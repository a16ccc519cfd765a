import * as pulumi from "@pulumi/pulumi";
import type { ChannelSection } from "../config/schemas/channel";
import { cohortMatches } from "../rollout/cohorts";
import { routeRanks } from "../rollout/order";
import { followed, type Plan, routeWeights } from "../rollout/plan";
import { type Confirmation, together } from "../rollout/record";
import { protocolOf } from "../rollout/routes";
import type { TrafficTarget } from "../traffic/adapter";
import { adapterOf } from "../traffic/adapters";
import { confirmationRequest } from "./confirmation-request";
import type { ChannelContext } from "./release-context";
import { TrafficConfirmation } from "./traffic-confirmation";
import { TrafficSplit } from "./traffic-split";

export interface TrafficShiftArgs {
  context: ChannelContext;
  section: ChannelSection;
  plan: Plan;
  /** The transition that gives the weights. */
  transition: TrafficTarget["transition"];
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
    const inOrder = routeRanks(args.plan);
    const ranks = adapterOf(args.section).movesTogether ? [inOrder.flat()] : inOrder;
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
    const opts = { parent: this.parent, dependsOn };
    const routes = services.map((service) => {
      const weights = routeWeights(plan, service);
      const split = new TrafficSplit(
        `${context.channel}-${service}`,
        { context, service, weights, follows: followed(plan.to, service), correlation },
        opts,
      );
      const protocol = protocolOf(service, weights);
      return { service, protocol, weights, cohorts: cohortMatches(plan.to, service), split };
    });
    const given = adapterOf(section).register(
      {
        channelName: context.channel,
        channel: section,
        to: plan.to,
        ...{ transition, context, routes, correlation },
      },
      opts,
    );
    return [...routes.map(({ split }) => split), ...given];
  }

  private confirmation(
    rank: number,
    services: readonly string[],
    dependsOn: Dependencies,
  ): TrafficConfirmation {
    const { context, plan, section, transition } = this.args;
    const name = `${context.channel}-confirmation`;
    return new TrafficConfirmation(
      rank === 0 ? name : `${name}-${rank + 1}`,
      { request: confirmationRequest(transition.id, plan, services, section) },
      { parent: this.parent, dependsOn },
    );
  }
}
