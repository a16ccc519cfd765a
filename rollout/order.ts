import type { ServiceSpec } from "../config/schemas/release";
import { type Plan, routedServices } from "./plan";
import type { Release } from "./release";

/** Services by rank: each comes after services of lower ranks only. */
export function serviceRanks({ services }: Pick<Release, "services">): string[][] {
  const ranks: string[][] = [];
  for (const name of Object.keys(services)) {
    const rank = rankOf(name, services);
    ranks[rank] = [...(ranks[rank] ?? []), name];
  }
  return ranks;
}

/** The schema has refused cycles. */
function rankOf(name: string, services: Readonly<Record<string, Pick<ServiceSpec, "after">>>): number {
  return Math.max(0, ...(services[name]?.after ?? []).map((other) => 1 + rankOf(other, services)));
}

/** The release whose order counts: what is being rolled out, or taken back. */
function leading({ to }: Pick<Plan, "to">): Release {
  return to.candidate ?? to.baseline;
}

/**
 * Routed services in the order in which a raise moves them, one list for those that move together; at least one list.
 * What only the other release has is bound to nothing.
 */
export function routeRanks(plan: Plan): string[][] {
  const routed = routedServices(plan);
  const release = leading(plan);
  const ranks = serviceRanks(release).map((names) => names.filter((name) => routed.includes(name)));
  const others = routed.filter((name) => release.services[name] === undefined);
  const [first = [], ...later] = ranks;
  const all = [[...first, ...others].sort(), ...later.map((names) => names.sort())];
  const moving = all.filter((names) => names.length > 0);
  return moving.length === 0 ? [[]] : moving;
}
