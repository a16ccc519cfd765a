import type { ConfigurationOptions, KubernetesObject } from "@kubernetes/client-node";
import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ChannelContext } from "../components/release-context";
import type { TrafficSplit } from "../components/traffic-split";
import type { ChannelSection } from "../config/schemas/channel";
import type { Cluster } from "../observe/kubernetes";
import type { LiveTraffic } from "../rollout/live";
import type { Position, TransitionKind } from "../rollout/record";
import type { RouteShares } from "../rollout/routes";

/** Where an adapter looks. */
export interface TrafficSources {
  cluster: Cluster;
  /** The stack's name. */
  channelName: string;
  channel: ChannelSection;
  /** The project's folder, absolute. */
  projectDir: string;
}

/** Release id → share of each service, and what there is beside the weights; or why nobody can say. */
export type LiveRoutes = Pick<LiveTraffic, "routes" | "rules" | "unread">;

/** The position whose weights are given; plain data, the same for the program and the policy pack. */
export interface TrafficTarget {
  /** The stack's name. */
  channelName: string;
  channel: ChannelSection;
  to: Position;
  /** The transition that gives them; each gives them anew, whatever is live meanwhile. */
  transition: { id: string; kind: TransitionKind };
}

/** One service, and the component that its resources belong to. */
export interface RegisteredRoute extends RouteShares {
  split: TrafficSplit;
}

export interface TrafficToRegister extends TrafficTarget {
  context: ChannelContext;
  /** Of every service of `to`. */
  routes: readonly RegisteredRoute[];
  correlation: string | undefined;
}

/** A kind of objects that an adapter writes to the cluster, named by `routeName`. */
export interface RouteObjects {
  kind: string;
  /** Lists all of them in a namespace, also those of others. */
  list(
    cluster: Cluster,
    namespace: string,
    options: ConfigurationOptions,
  ): Promise<{ items: KubernetesObject[] }>;
}

/** The resource by which weights are given, as the policy pack looks at it. */
export interface WrittenWeights<Schema extends z.ZodObject = z.ZodObject> {
  /** Its type token. */
  type: string;
  /** Of several resources of that type those that give weights. */
  concerns?(props: Readonly<Record<string, unknown>>): boolean;
  /** What of it is looked at; a resource that is not like this violates the policy. */
  schema: Schema;
  /**
   * Every violation, as a sentence.
   * @param target what was judged; null where nothing passed
   */
  check(resource: z.output<Schema>, target: TrafficTarget | null): string[];
}

/**
 * A way to share out the requests to a service between two releases. All that a channel does with traffic goes
 * through one of these; a further one is a file of its own, and a line in each of two tables: what a channel may ask
 * of it (`config/schemas/gateway.ts`), and what it does (`adapters.ts`).
 */
export interface TrafficAdapter {
  /** Why weights cannot be given now, or not those of this position, for the gate `data-plane`; null where they can. */
  problem(sources: TrafficSources, to: Position): Promise<string | null>;
  /** What every service of the channel's requests are shared out by now, whoever has set it. */
  live(sources: TrafficSources): Promise<LiveRoutes>;
  /** It gives the weights of all services at once: none of them can come after another. */
  movesTogether: boolean;
  /** The kinds of objects that it writes to the cluster, to be checked for other owners first. */
  objects: readonly RouteObjects[];
  /** Registers what gives the weights; returns what the data plane's confirmation has to wait for. */
  register(traffic: TrafficToRegister, opts: pulumi.ComponentResourceOptions): pulumi.Resource[];
  /** The kinds of resources by which it gives weights. */
  written: readonly WrittenWeights[];
}
