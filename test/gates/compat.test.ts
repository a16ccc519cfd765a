import * as fc from "fast-check";
import { compat } from "../../policies/gates/compat";
import { casesFor } from "../../policies/gates/compat-cases";
import type { CompatReport, CompatResult } from "../../policies/gates/input/compatibility";
import { rolledBack } from "../rollout/releases";
import { cases, fixtures, known, live, matrix, next, report, start } from "./compat-reports";
import { releaseWith, schema } from "./releases-of-data";
import { transition } from "./transitions";

describe("a report", () => {
  test("is asked for by one command, however many cases are outdated", () => {
    const { reason } = compat(start(known(report(), { fixtures: {} })));
    expect(reason.match(/cannot be read any more/g)).toHaveLength(5);
    expect(reason.match(/npm run/g)).toHaveLength(1);
  });

  test("may have a case more than the matrix, which does no harm", () => {
    const made = report();
    const extra = { ...made.results[0]!, id: "extra", readable: false };
    expect(compat(start(known({ ...made, results: [...made.results, extra] }))).status).toBe("pass");
  });
});

describe("the cases of a matrix", () => {
  test("a release that declares its next schema is read in that one", () => {
    const same = releaseWith("1.1.0", { data: { ...schema(2, 1, 2), next: 2 } });
    const { cases: resolved } = casesFor(matrix, {
      candidate: same,
      baseline: live,
      dataOf: ({ data }) => data,
    });
    expect(resolved.find(({ id }) => id === "next")?.fixture).toBe("2.json");
  });

  test("the baseline reads what stands on the way back, the candidate everything else", () => {
    const other = { ...live.services, api: { ...live.services.api!, image: "old" } };
    const { cases: resolved } = casesFor(matrix, {
      candidate: next,
      baseline: { ...live, services: other },
      dataOf: ({ data }) => data,
    });
    expect(resolved.filter(({ image }) => image === "old").map(({ id }) => id)).toEqual(["back"]);
  });
});

describe("transitions", () => {
  test.each([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
  ] as const)("%s is not judged", (_, more) => {
    expect(compat(transition({ compat: matrix, ...more })).status).toBe("skipped");
  });
});

describe("whatever a report says", () => {
  const checks = fc.subarray(["a", "b", "c"]);
  const outcome = fc.record({
    readable: fc.boolean(),
    failedChecks: checks,
    problem: fc.option(fc.constant("silent"), { nil: null, freq: 5 }),
  });
  const outcomes = fc.array(outcome, { minLength: cases.length, maxLength: cases.length });
  const withOutcomes = (list: readonly Partial<CompatResult>[]): CompatReport => {
    const made = report();
    return { ...made, results: made.results.map((result, index) => ({ ...result, ...list[index] })) };
  };

  test("it passes only when each case is exactly as expected", () => {
    fc.assert(
      fc.property(outcomes, (list) => {
        const good = matrix.cases.every(({ expectReadable, expectedFailedChecks }, index) => {
          const { readable, failedChecks, problem } = list[index]!;
          const same = [...failedChecks].sort().join() === [...expectedFailedChecks].sort().join();
          return problem === null && readable === expectReadable && same;
        });
        expect(compat(start(known(withOutcomes(list)))).status).toBe(good ? "pass" : "fail");
      }),
    );
  });

  test("turning one result bad, or taking it or its fixture away, closes an open gate", () => {
    fc.assert(
      fc.property(
        fc.nat(cases.length - 1),
        fc.constantFrom("flip", "silence", "drop", "forget", "edit"),
        (index, damage) => {
          const made = report();
          const hit = made.results[index]!;
          const results = made.results.flatMap((result): CompatResult[] => {
            if (result !== hit) return [result];
            if (damage === "drop") return [];
            if (damage === "flip") return [{ ...result, readable: !result.readable }];
            if (damage === "silence") return [{ ...result, problem: "silent" }];
            return [result];
          });
          const damaged = { ...fixtures };
          if (damage === "forget") delete damaged[hit.fixture];
          if (damage === "edit") damaged[hit.fixture] = "other";
          const { status } = compat(start(known({ ...made, results }, { fixtures: damaged })));
          expect(status).toBe(damage === "flip" || damage === "silence" ? "fail" : "hold");
        },
      ),
    );
  });
});
