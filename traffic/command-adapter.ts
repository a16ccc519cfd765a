import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import canonicalize from "canonicalize";
import { z } from "zod";
import type { Release } from "../rollout/release";
import { routesAt } from "../rollout/routes";
import type { LiveRoutes, TrafficAdapter, TrafficSources, TrafficTarget, WrittenWeights } from "./adapter";
import { type CommandCalls, type CommandRequest, readWeights } from "./command";

/** A fixed command: values go by standard input, never through a shell. */
export const commandScript = "node run.cjs traffic/command.ts";

export interface CommandTrafficAdapterArgs {
  /** What is to be given; its transition id makes every transition give it anew. */
  request: CommandRequest;
}

/**
 * The weights of all services of a channel, given by commands of its user's. It has none for its own deletion: what
 * was given last stays, because taking it away would leave requests with nowhere to go.
 */
export class CommandTrafficAdapter extends pulumi.ComponentResource {
  constructor(name: string, { request }: CommandTrafficAdapterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("release-channels:index:CommandTrafficAdapter", name, { request }, opts);
    new local.Command(
      `${name}-command`,
      {
        create: commandScript,
        stdin: JSON.stringify(request),
        addPreviousOutputInEnv: false,
        logging: local.Logging.Stderr,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

function callsOf({ channelName, channel }: Pick<TrafficSources, "channelName" | "channel">): CommandCalls {
  const { product, namespace, gateway } = channel;
  const { command } = gateway;
  if (command === undefined) throw new Error("the channel's section has no commands");
  const { timeout, ...commands } = command;
  return {
    commands: { ...commands, timeoutSeconds: timeout },
    scope: { product, channel: channelName, namespace, hostname: gateway.hostnames[0] ?? "" },
  };
}

function requestFor(target: TrafficTarget): CommandRequest {
  const { to, transition } = target;
  return {
    id: transition.id,
    goesBack: to.state === "rolled-back" || transition.kind === "correct",
    ...callsOf(target),
    services: routesAt(to).map(({ service, weights }) => ({
      service,
      weights: weights.map(({ release, weight }) => ({ release: release.id, weight })),
    })),
  };
}

function orderProblem({ version, services }: Release): string | null {
  const ordered = Object.keys(services).filter((name) => (services[name]?.after ?? []).length > 0);
  if (ordered.length === 0) return null;
  return `${version} lets ${ordered.join(", ")} come after other services (\`after\` in its release file), and commands give the weights of all services at once (key channel.gateway.adapter): release what has to come first by itself`;
}

async function live(sources: TrafficSources): Promise<LiveRoutes> {
  const read = await readWeights(callsOf(sources), sources.projectDir);
  return "problem" in read ? { routes: {}, unread: read.problem } : { routes: { ...read.weights } };
}

const writtenCommand = z.object({ create: z.string(), stdin: z.string() });

const written: WrittenWeights<typeof writtenCommand> = {
  type: "command:local:Command",
  concerns: ({ create }) => create === commandScript,
  schema: writtenCommand,
  check: ({ stdin }, target) => {
    if (target === null || canonicalize(parsed(stdin)) === canonicalize(requestFor(target))) return [];
    return [
      "what it is told to give, or how, is not what the position that was judged and the channel's section say",
    ];
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Commands of the user's own, for whatever routes the requests: what they cannot do is refused, never assumed. */
export const commandAdapter: TrafficAdapter = {
  // What its `read` cannot say is told with the live weights.
  problem: async (_, { candidate, baseline }) => orderProblem(candidate ?? baseline),
  live,
  movesTogether: true,
  objects: [],
  register: (traffic, opts) => [
    new CommandTrafficAdapter(`${traffic.channelName}-traffic`, { request: requestFor(traffic) }, opts),
  ],
  written: [written],
};
