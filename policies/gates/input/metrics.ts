import { z } from "zod";
import { source } from "./source";

/** A figure that a source computed; not every one of them is a number. */
const figure = z.number().or(z.nan());

/** Whole counts of one release's requests over one window. */
export const requestCounts = z.object({
  requests: figure,
  errors: figure,
  /** Upper bound of a histogram bucket in seconds → requests answered within it. */
  within: z.record(z.string(), figure),
});
export type RequestCounts = z.infer<typeof requestCounts>;

/** The time over which requests were counted, of both releases. */
export const countedWindow = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** How many windows began before this one at this weight; null where it begins with the confirmation for good. */
  earlier: z.int().min(0).nullable(),
});
export type CountedWindow = z.infer<typeof countedWindow>;

/** What the metrics source says of one service; `problem` where it says nothing that can be relied on. */
export const serviceObservation = z.object({
  /** Left out where a report says what it counted. */
  window: countedWindow.optional(),
  candidate: requestCounts.nullable(),
  baseline: requestCounts.nullable(),
  problem: z.string().nullable(),
});
export type ServiceObservation = z.infer<typeof serviceObservation>;

/** Requests that the gateway itself sent to either release of late, by service. */
export const splitSource = source({
  windowSeconds: z.number(),
  services: z.record(z.string(), z.object({ candidate: z.number(), baseline: z.number() })),
});
export type SplitSource = z.infer<typeof splitSource>;

/** How fast one service of the live release spends its error budget, over the long and the short window of one pair. */
export const budgetBurn = z.object({
  service: z.string(),
  longWindowSeconds: z.number(),
  shortWindowSeconds: z.number(),
  /** Multiples of the rate that spends the whole budget in exactly its period; null without requests. */
  longBurn: figure.nullable(),
  shortBurn: figure.nullable(),
});
export type BudgetBurn = z.infer<typeof budgetBurn>;
export const budgetSource = source({ burns: z.array(budgetBurn) });
export type BudgetSource = z.infer<typeof budgetSource>;

/** Open incidents and active alerts, from wherever they are kept. */
export const incidentSource = source({
  incidents: z.array(
    z.object({ id: z.string(), severity: z.string(), openedAt: z.iso.datetime(), title: z.string() }),
  ),
  alerts: z.array(
    z.object({ name: z.string(), severity: z.string(), activeSince: z.iso.datetime(), summary: z.string() }),
  ),
  /** What kept one of several sources from being read; what the others say stands all the same. */
  problems: z.array(z.string()),
});
export type IncidentSource = z.infer<typeof incidentSource>;
