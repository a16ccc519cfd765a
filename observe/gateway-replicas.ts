import { lookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { GrpcConnection } from "./grpc-probe";

/** Kept connections to one replica; so many requests are under way at a time. */
export const connections = 8;

/** One place at which the gateway answers. */
export interface Replica {
  url: string;
  /** Its address, where the URL's host has several; for messages. */
  where: string;
  agent: http.Agent;
  /** For calls of gRPC methods; nothing is connected before the first. */
  grpc: GrpcConnection;
}

type Resolve = (host: string) => Promise<{ address: string; family: number }[]>;

const resolveAll: Resolve = (host) => lookup(host, { all: true });

/**
 * Every replica of the gateway that can be told apart from here: each URL that is named, and of a host with several
 * addresses of one family each of them. What a load balancer hides behind one address is not seen.
 */
export async function replicasOf(
  urls: string | readonly string[],
  resolve: Resolve = resolveAll,
): Promise<Replica[]> {
  const found = [urls].flat().map(async (url) => {
    const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
    // A name that cannot be looked up is told by the first request.
    const addresses = isIP(host) === 0 ? several(await resolve(host).catch(() => [])) : [];
    if (addresses.length === 0) return [{ url, where: url, ...connectionsTo(url) }];
    return addresses.map(({ address, family }) => {
      const pinned: LookupFunction = (_, options, found) =>
        options.all === true ? found(null, [{ address, family }]) : found(null, address, family);
      return { url, where: `${url} at ${address}`, ...connectionsTo(url, pinned) };
    });
  });
  return (await Promise.all(found)).flat();
}

/** A host of one address, or of one of each family, is one replica: which one answers, the connection finds out. */
function several(addresses: Awaited<ReturnType<Resolve>>): Awaited<ReturnType<Resolve>> {
  const families = [4, 6].map((family) => addresses.filter((one) => one.family === family));
  return families.find((same) => same.length > 1) ?? [];
}

function connectionsTo(url: string, pinned?: LookupFunction): Pick<Replica, "agent" | "grpc"> {
  return { agent: agentFor(url, pinned), grpc: new GrpcConnection(url, pinned) };
}

function agentFor(url: string, pinned?: LookupFunction): http.Agent {
  const options = {
    keepAlive: true,
    maxSockets: connections,
    ...(pinned === undefined ? {} : { lookup: pinned }),
  };
  return new URL(url).protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
}
