/** What a report is looked at with. */
export interface CheckContext<Report> {
  now: Date;
  /** The accepted report, where the policy names one. */
  baseline: Report | null;
}

/**
 * What a JSON Schema cannot say of a report that is valid by its schema.
 * @returns what is wrong, in words for the person who made the report; empty where nothing is
 */
export type Check<Report> = (report: Report, context: CheckContext<Report>) => string[];

/** An ISO 8601 time with any offset → milliseconds. */
export const instant = (time: string): number => Date.parse(time);
