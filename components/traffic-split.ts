import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelKeys, routeName } from "../rollout/labels";
import type { Release } from "../rollout/release";
import type { RouteShares } from "../rollout/routes";
import {
  type ChannelContext,
  channelLabels,
  ownAnnotations,
  routedPort,
  withoutAwait,
} from "./release-context";

export interface TrafficSplitArgs extends Pick<RouteShares, "service" | "weights"> {
  context: ChannelContext;
  /** Where callers inside the cluster are sent: the baseline until the candidate has everything. */
  follows: Release;
  correlation: string | undefined;
}

/**
 * The traffic of one service: the Service for callers in the cluster, and below it whatever the channel's traffic
 * adapter registers for those that come through the gateway.
 */
export class TrafficSplit extends pulumi.ComponentResource {
  constructor(
    readonly name: string,
    args: TrafficSplitArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { context, service, weights, follows, correlation } = args;
    super(
      "release-channels:index:TrafficSplit",
      name,
      {
        channel: context.channel,
        service,
        weights: Object.fromEntries(weights.map(({ release, weight }) => [release.id, weight])),
      },
      opts,
    );
    const http = follows.services[service]?.http;
    if (http !== undefined) {
      new k8s.core.v1.Service(
        `${name}-internal`,
        {
          metadata: {
            name: routeName(context.product, context.channel, service),
            namespace: context.namespace,
            labels: { ...channelLabels(context), [labelKeys.name]: service },
            annotations: { ...ownAnnotations(correlation), ...withoutAwait },
          },
          spec: {
            selector: {
              ...channelLabels(context),
              [labelKeys.name]: service,
              [labelKeys.release]: follows.id,
            },
            ports: [routedPort(http)],
          },
        },
        { parent: this, provider: context.provider },
      );
    }
    this.registerOutputs({});
  }
}
