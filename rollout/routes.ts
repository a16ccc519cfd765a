import { cohortMatches, type RouteMatch } from "./cohorts";
import type { Position } from "./record";
import { httpServices, type Release, speaksGrpc } from "./release";

/** How the requests to one service are shared out. */
export interface RouteShares {
  service: string;
  /** What the last release speaks. */
  protocol: "http" | "grpc";
  /** One release, or the baseline and then the candidate; whole numbers that sum to 100. */
  weights: { release: Release; weight: number }[];
  /** Matches of each cohort whose requests all go to the last release, whatever its weight. */
  cohorts: RouteMatch[][];
}

/** Of every service that a live release is asked for by weight, in the order of their names. */
export function routesAt(position: Position): RouteShares[] {
  const { baseline, candidate, weight } = position;
  const sides = [
    { release: baseline, weight: 100 - weight },
    ...(candidate === null ? [] : [{ release: candidate, weight }]),
  ];
  const services = new Set(sides.flatMap(({ release }) => httpServices(release)));
  return [...services].sort().map((service) => {
    const serving = sides.filter(({ release }) => httpServices(release).includes(service));
    return {
      service,
      protocol: protocolOf(service, serving),
      weights: serving.length === 1 ? serving.map((side) => ({ ...side, weight: 100 })) : serving,
      cohorts: cohortMatches(position, service),
    };
  });
}

export function protocolOf(
  service: string,
  weights: readonly { release: Release }[],
): RouteShares["protocol"] {
  const last = weights.at(-1)?.release;
  return last !== undefined && speaksGrpc(last, service) ? "grpc" : "http";
}

/** Host names at which a service is asked for. */
export function hostnamesFor(
  protocol: RouteShares["protocol"],
  { hostnames, grpcHostnames }: { hostnames: string[]; grpcHostnames?: string[] | undefined },
): string[] {
  return protocol === "grpc" ? (grpcHostnames ?? hostnames) : hostnames;
}
