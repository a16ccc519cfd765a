import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChannelSection } from "../config/schemas/channel";
import type { RouteMatch } from "../rollout/cohorts";
import { labelKeys, routeName, transitionAnnotation } from "../rollout/labels";
import { objectName, type Release } from "../rollout/release";
import { type ChannelContext, channelLabels, ownAnnotations, withoutAwait } from "./release-context";

export interface TrafficSplitArgs {
  context: ChannelContext;
  service: string;
  gateway: ChannelSection["gateway"];
  /** Whole numbers that sum to 100. */
  weights: { release: Release; weight: number }[];
  /** Matches of each rule whose requests all go to the last release, whatever its weight. */
  cohorts: RouteMatch[][];
  /** Where callers inside the cluster are sent: the baseline until the candidate has everything. */
  follows: Release;
  /** The transition that writes the route: each writes it anew, whatever the cluster holds meanwhile. */
  transition: string;
  correlation: string | undefined;
}

/** The traffic of one service: a whole HTTPRoute on a shared Gateway, and the Service for callers in the cluster. */
export class TrafficSplit extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficSplitArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, service, gateway, weights, cohorts, follows, transition, correlation } = args;
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
    const metadata = {
      name: routeName(context.product, context.channel, service),
      namespace: context.namespace,
      labels: { ...channelLabels(context), [labelKeys.name]: service },
    };
    const child = { parent: this, provider: context.provider };
    const path = weights.at(-1)?.release.services[service]?.http?.path ?? "/";
    const backend = ({ release, weight }: TrafficSplitArgs["weights"][number]) => ({
      group: "",
      kind: "Service",
      name: objectName(service, release),
      port: 80,
      weight,
    });

    new k8s.apiextensions.CustomResource(
      `${name}-route`,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: {
          ...metadata,
          annotations: {
            ...ownAnnotations(correlation),
            [transitionAnnotation]: transition,
            // A foreign field manager must not be able to block a rollback.
            "pulumi.com/patchForce": "true",
          },
        },
        // Written out in full: what the API server would add as a default shows as drift later.
        spec: {
          parentRefs: [
            {
              group: "gateway.networking.k8s.io",
              kind: "Gateway",
              name: gateway.name,
              namespace: gateway.namespace,
              ...(gateway.listener === undefined ? {} : { sectionName: gateway.listener }),
            },
          ],
          hostnames: gateway.hostnames,
          // A match that asks for more goes before one that asks for less, whatever the order of so few rules, so
          // the weights stay where the command for an emergency looks for them: in the first.
          rules: [
            { matches: [{ path: { type: "PathPrefix", value: path } }], backendRefs: weights.map(backend) },
            ...cohorts.map((matches) => ({
              matches,
              backendRefs: weights.slice(-1).map(({ release }) => backend({ release, weight: 100 })),
            })),
          ],
        },
      },
      child,
    );

    const port = follows.services[service]?.http?.port;
    if (port !== undefined) {
      new k8s.core.v1.Service(
        `${name}-internal`,
        {
          metadata: { ...metadata, annotations: { ...ownAnnotations(correlation), ...withoutAwait } },
          spec: {
            selector: {
              ...channelLabels(context),
              [labelKeys.name]: service,
              [labelKeys.release]: follows.id,
            },
            ports: [{ name: "http", port: 80, targetPort: port, protocol: "TCP" }],
          },
        },
        child,
      );
    }
    this.registerOutputs({});
  }
}
