import { type CompatMatrix, compatMatrix } from "../../config/schemas/compat";
import { casesFor } from "../../policies/gates/compat-cases";
import type { GateInput } from "../../policies/gates/input";
import type { CompatReport, CompatResult, CompatSource } from "../../policies/gates/input/compatibility";
import type { Release } from "../../rollout/release";
import { at, rolling, steady } from "../rollout/releases";
import { releaseWith, schema } from "./releases-of-data";
import { transition } from "./transitions";

export const command = ["read", "{{fixture}}"];
export const cases = [
  { id: "before", direction: "N-1→N", fixture: "{{baseline.writes}}.json", service: "api", command },
  { id: "own", direction: "N→N", fixture: "{{candidate.writes}}.json", service: "api", command },
  { id: "next", direction: "N→N+1", fixture: "{{candidate.next}}.json", service: "worker", command },
  { id: "back", direction: "N+1→N", fixture: "{{candidate.writes}}.json", service: "api", command },
  {
    ...{ id: "broken", direction: "N→N", fixture: "broken.json", service: "api", command },
    ...{ expectReadable: false, expectedFailedChecks: ["b", "a"] },
  },
];
export const matrix: CompatMatrix = compatMatrix.parse({ cases });

export const live = releaseWith("1.0.0", { data: schema(1, 1, 2) });
export const next = releaseWith("1.1.0", { data: schema(2, 1, 2, 3) });
export const sha = (fixture: string) => `sha256 of ${fixture}`;
export const identity = ({ version, hash }: Release) => ({ version, hash });

/** A run of the whole matrix in which everything is as expected. */
export function report(
  candidate: Release = next,
  baseline: Release | null = live,
  dataOf = (release: Release) => release.data,
): CompatReport {
  const run = casesFor(matrix, { candidate, baseline, dataOf });
  return {
    schema: 1,
    generatedAt: at(0),
    mode: "kubernetes",
    candidate: identity(candidate),
    baseline: baseline === null ? null : identity(baseline),
    results: run.cases.map((one) => ({
      ...one,
      fixtureSha256: sha(one.fixture),
      readable: one.expectReadable,
      failedChecks: [...one.expectedFailedChecks].sort(),
      problem: null,
    })),
  };
}

export const fixtures = Object.fromEntries(
  ["1.json", "2.json", "3.json", "broken.json"].map((file) => [file, sha(file)]),
);
export const known = (made: CompatReport, more: object = {}): CompatSource => ({
  ...{ status: "known", file: "reports/compat/canary/1.1.0.json", sha256: "s", report: made, fixtures },
  ...more,
});

export function start(source: CompatSource, more: Partial<GateInput> = {}): GateInput {
  return transition({
    kind: "start",
    from: steady(live),
    to: rolling(10, next, live),
    compat: matrix,
    snapshot: { compat: source },
    ...more,
  });
}

/** The report with one result changed. */
export function changed(id: string, change: Partial<CompatResult>): CompatSource {
  const made = report();
  const results = made.results.map((result) => (result.id === id ? { ...result, ...change } : result));
  return known({ ...made, results });
}
