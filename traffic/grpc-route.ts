import { z } from "zod";
import type { RouteMatch } from "../rollout/cohorts";

/** A match of a GRPCRoute. Requests are told apart by gRPC service, which is the first part of their path. */
interface GrpcMatch {
  method?: { type: "Exact"; service: string };
  headers?: NonNullable<RouteMatch["headers"]>;
}

/**
 * The same requests as a GRPCRoute matches them, of which it knows neither query nor part of a path.
 * @param matches of a service whose path is `/` or `/<gRPC service>`
 */
export function toGrpc(matches: readonly RouteMatch[]): GrpcMatch[] {
  return matches
    .map(({ path, headers }): GrpcMatch => {
      const service = path.value.slice(1);
      return {
        ...(service === "" ? {} : { method: { type: "Exact" as const, service } }),
        ...(headers === undefined ? {} : { headers }),
      };
    })
    .filter((match) => Object.keys(match).length > 0);
}

const wholeService = z.strictObject({ type: z.literal("Exact").default("Exact"), service: z.string() });

/** Back again; what this program would not have written stays as it is, and so is another. */
export function fromGrpc<Rule extends { matches: readonly Readonly<Record<string, unknown>>[] }>(rule: Rule) {
  const matches = rule.matches.length === 0 ? [{}] : rule.matches;
  return {
    ...rule,
    matches: matches.map((match: Readonly<Record<string, unknown>>): Record<string, unknown> => {
      const { method, ...others } = match;
      const service = method === undefined ? { data: { service: "" } } : wholeService.safeParse(method);
      if (service.data === undefined) return match;
      return { path: { type: "PathPrefix", value: `/${service.data.service}` }, ...others };
    }),
  };
}
