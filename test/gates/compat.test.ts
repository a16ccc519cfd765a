import * as fc from "fast-check";
import { compat } from "../../policies/gates/compat";
import { casesFor } from "../../policies/gates/compat-cases";
import type { CompatReport, CompatResult, CompatSource } from "../../policies/gates/input/compatibility";
import type { Release } from "../../rollout/release";
import { completed, overlayOf, rolledBack, rolling, steady } from "../rollout/releases";
import {
  cases,
  changed,
  fixtures,
  identity,
  known,
  live,
  matrix,
  next,
  report,
  start,
} from "./compat-reports";
import { releaseWith, schema } from "./releases-of-data";
import { aChannel, transition } from "./transitions";

const command110 = "npm run compat -- --channel canary --version 1.1.0 --baseline 1.0.0";

describe("a matrix that was really run for these releases", () => {
  test("opens the gate when every case is as expected", () => {
    expect(compat(start(known(report())))).toMatchObject({
      gate: "compat",
      status: "pass",
      reason: expect.stringMatching(/all 5 cases .*kubernetes/),
    });
  });

  test.each([
    [
      "a fixture cannot be read",
      "before",
      { readable: false, failedChecks: ["x"] },
      /before \(N-1→N, 1\.json\) cannot be read; failed checks: x/,
    ],
    [
      "a readable one fails a check",
      "own",
      { failedChecks: ["x"] },
      /failed the checks x, and expected were none/,
    ],
    ["the way back is barred", "back", { readable: false, failedChecks: ["x"] }, /back \(N\+1→N/],
    [
      "a broken one turns out readable",
      "broken",
      { readable: true, failedChecks: [] },
      /was expected not to be/,
    ],
    [
      "another check fails than expected",
      "broken",
      { failedChecks: ["a", "c"] },
      /checks a, c, and expected were a, b/,
    ],
    [
      "fewer checks fail than expected",
      "broken",
      { failedChecks: ["a"] },
      /checks a, and expected were a, b/,
    ],
    [
      "a reader gave no answer",
      "next",
      { readable: false, problem: "it printed nothing" },
      /gave no answer: it printed nothing/,
    ],
  ] as const)("closes it when %s", (_, id, change, reason) => {
    const verdict = compat(
      start(
        changed(id, {
          ...change,
          failedChecks: [...(("failedChecks" in change && change.failedChecks) || [])],
        }),
      ),
    );
    expect(verdict.status).toBe("fail");
    expect(verdict.reason).toMatch(reason);
  });

  test.each([
    ["another image", { image: `local/shop@sha256:${"e".repeat(64)}` }, /another image/],
    ["another content of the fixture", { fixtureSha256: "other" }, /another content of 2\.json/],
    ["another fixture", { fixture: "7.json" }, /another content/],
    ["another command", { command: ["read", "-x", "{{fixture}}"] }, /earlier version of the matrix/],
    [
      "another expectation",
      { expectReadable: false, expectedFailedChecks: ["a"] },
      /earlier version of the matrix/,
    ],
    ["another service", { service: "web" }, /earlier version of the matrix/],
    ["another direction", { direction: "N-1→N" }, /earlier version of the matrix/],
  ] as [string, Partial<CompatResult>, RegExp][])(
    "holds when a case was run with %s",
    (_, change, reason) => {
      const verdict = compat(start(changed("own", change)));
      expect(verdict.status).toBe("hold");
      expect(verdict.reason).toMatch(reason);
      expect(verdict.reason).toContain(command110);
    },
  );

  test.each([
    [
      "a case was not run",
      known({ ...report(), results: report().results.slice(1) }),
      /case before was not run/,
    ],
    ["a fixture is gone", known(report(), { fixtures: {} }), /reads 1\.json, which cannot be read any more/],
    [
      "there is no report",
      { status: "unavailable", problem: "there is no report" },
      /^there is no report; run: npm/,
    ],
    ["nobody looked for one", { status: "not-configured" }, /nothing was collected/],
    [
      "it is of another candidate",
      known(report(releaseWith("1.2.0", { data: schema(2, 1, 2, 3) }))),
      /was made for 1\.2\.0/,
    ],
    [
      "it is of an edited candidate",
      known({ ...report(), candidate: { version: "1.1.0", hash: "f" } }),
      /was made for 1\.1\.0 \(sha256 f/,
    ],
    [
      "it is over another baseline",
      known(report(next, releaseWith("0.9.0", { data: schema(1, 1, 2) }))),
      /over 0\.9\.0/,
    ],
    ["it is as for a first install", known(report(next, null)), /over nothing, wanted is .* over 1\.0\.0/],
  ] as [string, CompatSource, RegExp][])("holds, naming the command, when %s", (_, source, reason) => {
    const verdict = compat(start(source));
    expect(verdict.status).toBe("hold");
    expect(verdict.reason).toMatch(reason);
    expect(verdict.reason).toContain(`run: ${command110}`);
  });

  test("names the command once, however many cases are outdated", () => {
    const { reason } = compat(start(known(report(), { fixtures: {} })));
    expect(reason.match(/cannot be read any more/g)).toHaveLength(5);
    expect(reason.match(/npm run/g)).toHaveLength(1);
  });

  test("a case more than the matrix has does no harm", () => {
    const made = report();
    const extra = { ...made.results[0]!, id: "extra", readable: false };
    expect(compat(start(known({ ...made, results: [...made.results, extra] }))).status).toBe("pass");
  });

  test("what fails is told before what holds", () => {
    const made = changed("own", { readable: false, failedChecks: ["x"] });
    const verdict = compat(start({ ...made, fixtures: { ...fixtures, "1.json": "other" } } as CompatSource));
    expect(verdict).toMatchObject({ status: "fail", reason: expect.not.stringContaining("npm run") });
  });
});

describe("a matrix that cannot be run for a release", () => {
  test.each([
    ["that declares no data", releaseWith("1.1.0"), /case own: 1\.1\.0 does not declare `data`/],
    [
      "that lacks the service",
      { ...next, services: { api: next.services.api! } },
      /case next: 1\.1\.0 has no service worker/,
    ],
  ] as [string, Release, RegExp][])("%s is refused", (_, candidate, reason) => {
    const verdict = compat(start(known(report()), { to: rolling(10, candidate, live) }));
    expect(verdict).toMatchObject({ status: "fail", reason: expect.stringMatching(reason) });
  });

  test("what was declared afterwards counts", () => {
    const silent = releaseWith("1.1.0");
    const dataOf = { "1.1.0": schema(2, 1, 2, 3) };
    const made = { ...report(), candidate: identity(silent) };
    const input = start(known(made), { to: rolling(10, silent, live), channel: aChannel({ dataOf }) });
    expect(compat(input).status).toBe("pass");
  });

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
  test("a first install asks only for what does not need a baseline", () => {
    const made = report(next, null);
    expect(made.results.map(({ id }) => id)).toEqual(["own", "next", "broken"]);
    const input = transition({
      kind: "install",
      from: null,
      to: steady(next),
      compat: matrix,
      snapshot: { compat: known(made) },
    });
    expect(compat(input).status).toBe("pass");
    const blind = {
      ...input,
      snapshot: { ...input.snapshot, compat: { status: "not-configured" as const } },
    };
    expect(compat(blind).reason).toMatch(/--version 1\.1\.0$/);
  });

  test("each stage asks again", () => {
    const input = start(changed("own", { readable: false }), {
      kind: "advance",
      to: rolling(30, next, live),
    });
    expect(compat(input).status).toBe("fail");
  });

  test("the same release with another configuration has nothing to show", () => {
    const relaid = { ...live, id: "other", overlayHash: JSON.stringify(overlayOf("b")) };
    const input = start({ status: "not-configured" }, { to: rolling(10, relaid, live) });
    expect(compat(input)).toMatchObject({ status: "pass", reason: expect.stringContaining("again") });
  });

  test.each([
    ["a finalize", { kind: "finalize", from: completed(), to: steady() }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
    ["a start without a matrix", { kind: "start", from: steady(), compat: null }],
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
