import type { Check } from "./check";

interface Coverage {
  suites: { name: string; tests: number; failed: number }[];
}

/** No suite has failures; how much must be covered is a condition. */
export const coverage: Check<Coverage> = ({ suites }) =>
  suites
    .filter(({ failed }) => failed > 0)
    .map(({ name, tests, failed }) => `the suite ${name} has ${failed} failures of ${tests} tests`);
