import { type Check, instant } from "./check";

interface RollbackDrill {
  started_at: string;
  ended_at: string;
  recovery_seconds: number;
  objective_seconds: number;
  steps: { name: string; passed: boolean }[];
  data_verified: boolean;
  configuration_verified: boolean;
}

/** The way back worked, within its objective, and what was found afterwards was looked at. */
export const rollbackDrill: Check<RollbackDrill> = (report) => [
  ...(instant(report.ended_at) > instant(report.started_at) ? [] : ["ended before it began"]),
  ...(report.recovery_seconds <= report.objective_seconds
    ? []
    : [`took ${report.recovery_seconds} s; the objective are ${report.objective_seconds} s`]),
  ...report.steps.filter(({ passed }) => !passed).map(({ name }) => `the step "${name}" did not work`),
  ...(report.data_verified ? [] : ["the data was not verified afterwards"]),
  ...(report.configuration_verified ? [] : ["the configuration was not verified afterwards"]),
];
