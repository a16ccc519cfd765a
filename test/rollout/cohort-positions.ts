import { cohorts } from "../../config/schemas/cohorts";
import { type Cohort, cohortsOf } from "../../rollout/cohorts";
import type { Position } from "../../rollout/record";
import { rolling } from "./releases";

/** As a channel's section names them. */
export const aCohort = (section: unknown): Cohort[] => cohortsOf(cohorts.parse(section));

/** One by a header from the first stage on, one by a cookie from 30 % on. */
export const cohortSection = cohorts.parse({
  testers: { header: { name: "x-tester", value: "1" } },
  berlin: { cookie: { name: "region", value: "berlin" }, from: 30 },
});
export const someCohorts = cohortsOf(cohortSection);

/** Rolling with those cohorts. */
export const rollingWith = (weight: number, own: Cohort[] = someCohorts): Position => ({
  ...rolling(weight),
  cohorts: own,
});
