import canonicalize from "canonicalize";
import { z } from "zod";
import { alternativesOf, type CohortSection, wholeValue } from "../config/schemas/cohorts";
import { httpServices, type Release } from "./release";

const condition = z.object({ name: z.string(), value: z.string() });

/** Requests that go wholly to the candidate: those that meet all conditions of one alternative. */
export const cohort = z.object({
  name: z.string(),
  /** The candidate's lowest share at which it applies. */
  from: z.int(),
  anyOf: z.array(
    z.object({
      /** With a pattern, the value is an example of it. */
      headers: z.array(condition.extend({ pattern: z.string().optional() })),
      query: z.array(condition),
      cookies: z.array(condition),
    }),
  ),
});
export type Cohort = z.infer<typeof cohort>;
type Alternative = Cohort["anyOf"][number];

/** A match of an HTTPRoute, with what the API server would add to it. */
export interface RouteMatch {
  path: { type: "PathPrefix"; value: string };
  headers?: { type: "Exact" | "RegularExpression"; name: string; value: string }[];
  queryParams?: { type: "Exact"; name: string; value: string }[];
}

/** A match as it is found; only what tells a rule for some requests from the one for all is looked at. */
export const routeMatch = z.looseObject({
  headers: z.array(z.unknown()).optional(),
  queryParams: z.array(z.unknown()).optional(),
  method: z.unknown().optional(),
});

/** Whether a rule takes every request to its path: that of the weights does, and no other may. */
export function takesAll({ matches }: { matches: readonly z.infer<typeof routeMatch>[] }): boolean {
  return matches.every(
    ({ headers = [], queryParams = [], method }) =>
      headers.length + queryParams.length === 0 && method === undefined,
  );
}

/** A rule of a live route beside that of its weights: its matches as they are, and release id → share. */
export const liveRule = z.object({
  matches: z.array(z.unknown()),
  shares: z.record(z.string(), z.number()),
});
export type LiveRule = z.infer<typeof liveRule>;

/** Service → its route's rules beside that of the weights; only routes that have such. */
export type LiveRules = Readonly<Record<string, readonly LiveRule[]>>;

/** Where a candidate stands, as far as cohorts depend on it. */
export interface CohortPosition {
  baseline: Release;
  candidate: Release | null;
  weight: number;
  cohorts?: Cohort[] | undefined;
}

/** The cohorts of a channel's section, by name. */
export function cohortsOf(section: CohortSection): Cohort[] {
  return Object.entries(section)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, one]) => ({
      name,
      from: one.from ?? 1,
      anyOf: alternativesOf(one).map(({ header = [], query = [], cookie = [] }) => ({
        headers: header.map(({ name: headerName, value, pattern, example }) => ({
          name: headerName,
          value: value ?? example ?? "",
          ...(pattern === undefined ? {} : { pattern }),
        })),
        query,
        cookies: cookie,
      })),
    }));
}

/** Those in force: none without a share, so what takes the share takes them too; none needed at 100 %. */
export function activeCohorts({ candidate, weight, cohorts = [] }: CohortPosition): Cohort[] {
  if (candidate === null || weight === 0 || weight === 100) return [];
  return cohorts.filter(({ from }) => from <= weight);
}

/** What the rules of the active cohorts match, one each; none for a service that one side alone serves. */
export function cohortMatches(position: CohortPosition, service: string): RouteMatch[][] {
  const path = position.candidate?.services[service]?.http?.path;
  if (path === undefined || !httpServices(position.baseline).includes(service)) return [];
  return activeCohorts(position).map((one) => matchesOf(one, path));
}

function matchesOf({ anyOf }: Cohort, path: string): RouteMatch[] {
  return anyOf.map(({ headers, query, cookies }) => {
    const compared: RouteMatch["headers"] = [
      ...headers.map(({ name, value, pattern }) =>
        pattern === undefined
          ? { type: "Exact" as const, name, value }
          : { type: "RegularExpression" as const, name, value: wholeValue(pattern) },
      ),
      ...cookies.map((one) => ({
        type: "RegularExpression" as const,
        name: "Cookie",
        value: cookiePattern(one),
      })),
    ];
    return {
      path: { type: "PathPrefix", value: path },
      ...(compared.length === 0 ? {} : { headers: compared }),
      ...(query.length === 0
        ? {}
        : { queryParams: query.map(({ name, value }) => ({ type: "Exact" as const, name, value })) }),
    };
  });
}

/** One cookie in a header of several; name and value stand for themselves, whatever signs are in them. */
export function cookiePattern({ name, value }: { name: string; value: string }): string {
  return `^(?:.*;)?[ \\t]*${literally(name)}=${literally(value)}[ \\t]*(?:;.*)?$`;
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A request that belongs to the cohort by this alternative. */
function requestOf({ headers, query, cookies }: Alternative): {
  headers: Record<string, string>;
  query: Record<string, string>;
} {
  const named = (all: { name: string; value: string }[]) =>
    Object.fromEntries(all.map(({ name, value }) => [name, value]));
  return {
    headers: {
      ...named(headers),
      ...(cookies.length === 0
        ? {}
        : { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") }),
    },
    query: named(query),
  };
}

/** What the data plane has to show of a cohort: all of its requests at one release. */
export interface ConfirmedCohort {
  cohort: string;
  release: string;
  requests: { headers: Record<string, string>; query: Record<string, string> }[];
}

/** Active cohorts at the candidate; after the candidate's share was taken away, all of them at the baseline. */
export function confirmedCohorts(position: CohortPosition, service: string): ConfirmedCohort[] {
  const { baseline, candidate, weight, cohorts = [] } = position;
  const serve = (release: Release | null) => release !== null && httpServices(release).includes(service);
  if (candidate === null || !serve(baseline) || !serve(candidate)) return [];
  const asked = weight === 0 ? cohorts : activeCohorts(position);
  return asked.map(({ name, anyOf }) => ({
    cohort: name,
    release: weight === 0 ? baseline.id : candidate.id,
    requests: anyOf.map(requestOf),
  }));
}

/** Whether live routes have exactly the rules of the active cohorts, each wholly at the candidate. */
export function cohortsAreLive(
  position: CohortPosition,
  routed: readonly string[],
  live: LiveRules,
): boolean {
  return routed.every((service) => {
    const wanted = cohortMatches(position, service).map(textOf);
    const rules = live[service] ?? [];
    return (
      rules.length === wanted.length &&
      wanted.every((text) => rules.some((rule) => isCohort(rule, text, position)))
    );
  });
}

/** Active cohorts that some live route does not have, or not wholly at the candidate. */
export function missingCohorts(
  position: CohortPosition,
  routed: readonly string[],
  live: LiveRules,
): Cohort[] {
  return activeCohorts(position).filter((one) =>
    routed.some((service) => {
      const [wanted] = cohortMatches({ ...position, cohorts: [one] }, service);
      const rules = live[service] ?? [];
      return wanted !== undefined && !rules.some((rule) => isCohort(rule, textOf(wanted), position));
    }),
  );
}

/** Those that an update was to leave as they were. */
export function bothHave(before: readonly Cohort[] = [], after: readonly Cohort[] = []): Cohort[] {
  const kept = new Set(after.map((one) => canonicalize(one)));
  return before.filter((one) => kept.has(canonicalize(one)));
}

/** Whether less goes to the candidate by its cohorts than before. */
export function fewerCohorts(before: readonly Cohort[] = [], after: readonly Cohort[] = []): boolean {
  return bothHave(before, after).length < before.length;
}

function isCohort({ matches, shares }: LiveRule, wanted: string, { candidate }: CohortPosition): boolean {
  const served = Object.entries(shares).filter(([, share]) => share > 0);
  return textOf(matches) === wanted && served.length === 1 && served[0]?.[0] === candidate?.id;
}

/** The same for the same matches. */
export function textOf(matches: readonly unknown[]): string {
  return canonicalize(matches) ?? "";
}
