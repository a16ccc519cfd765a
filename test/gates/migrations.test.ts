import * as fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import type { GateInput } from "../../policies/gates/input";
import { migrations } from "../../policies/gates/migrations";
import type { Release } from "../../rollout/release";
import { completed, rolledBack, rolling, steady } from "../rollout/releases";
import { inputsIn } from "./folders";
import { migrationsOf, type ReleaseParts, releaseWith, schema } from "./releases-of-data";
import { aChannel, transition } from "./transitions";

const releaseParts = z.custom<ReleaseParts>();
const example = z.strictObject({
  kind: z.enum(["install", "start"]).default("start"),
  baseline: releaseParts,
  candidate: releaseParts,
  status: z.enum(["pass", "fail", "hold"]).default("pass"),
  reason: z.string(),
});

function inputOf({
  kind,
  baseline,
  candidate,
}: Omit<z.infer<typeof example>, "status" | "reason">): GateInput {
  const next = releaseWith("1.1.0", candidate);
  if (kind === "install") return transition({ kind, from: null, to: steady(next) });
  const live = releaseWith("1.0.0", baseline);
  return transition({ kind, from: steady(live), to: rolling(10, next, live) });
}

/** The same with a candidate that no file could declare. */
function withMigrations(input: GateInput, edited: Release["migrations"]): GateInput {
  return { ...input, to: { ...input.to, candidate: { ...input.to.candidate!, migrations: edited } } };
}

const grown = inputOf({
  kind: "start",
  baseline: { data: schema(1, 1, 2), migrations: [{ id: "0001-a", phase: "expand" }] },
  candidate: {
    data: schema(2, 1, 2),
    migrations: [
      { id: "0001-a", phase: "expand" },
      { id: "0002-b", phase: "expand" },
    ],
  },
});

describe("the migrations of a release", () => {
  test.each([...inputsIn("migrations/good"), ...inputsIn("migrations/bad")])("%s", (_, text) => {
    const { status, reason, ...releases } = example.parse({ baseline: {}, ...parse(text) });
    const verdict = migrations(inputOf(releases));
    expect(verdict).toMatchObject({ gate: "migrations", status });
    expect(verdict.reason).toMatch(new RegExp(reason));
  });

  test("of a phase that has no place at this step are refused", () => {
    const [first, second] = grown.to.candidate!.migrations;
    const verdict = migrations(
      withMigrations(grown, [first!, { ...second!, phase: "contract" as "expand" }]),
    );
    expect(verdict).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/0002-b.*phase contract/),
    });
  });

  test("may not become another phase's", () => {
    const [first, second] = grown.to.candidate!.migrations;
    const verdict = migrations(
      withMigrations(grown, [{ ...first!, phase: "contract" as "expand" }, second!]),
    );
    expect(verdict).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/0001-a one of the phase contract, and it was expand/),
    });
  });

  test("may not be named twice", () => {
    const [first] = grown.to.candidate!.migrations;
    const verdict = migrations(withMigrations(grown, [first!, first!]));
    expect(verdict).toMatchObject({
      status: "fail",
      reason: expect.stringContaining("0001-a is named twice"),
    });
  });

  test("an undeclared baseline is declared afterwards in the channel's section", () => {
    const input = inputOf({
      kind: "start",
      baseline: {},
      candidate: { data: schema(2, 1, 2), migrations: [{ id: "0001-a", phase: "expand" }] },
    });
    expect(migrations(input).status).toBe("hold");
    const channel = aChannel({ dataOf: { "1.0.0": schema(1, 1, 2) } });
    expect(migrations({ ...input, channel }).status).toBe("pass");
  });

  test.each([
    ["an advance", { kind: "advance" }],
    ["a finalize", { kind: "finalize", from: completed(), to: steady() }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a start without migrations on either side", { kind: "start", from: steady() }],
  ] as const)("%s is not judged", (_, more) => {
    expect(migrations(transition(more)).status).toBe("skipped");
  });
});

describe("whatever the migrations are", () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 6 });
  const specs = (numbers: readonly number[]) =>
    migrationsOf(numbers.map((number) => ({ id: `${number}-x`, phase: "expand" })));
  const judgeLists = (before: readonly number[], after: readonly number[], writes: number | null) =>
    migrations(
      inputOf({
        kind: "start",
        baseline: { data: schema(5, 5), migrations: specs(before) },
        candidate: { migrations: specs(after), ...(writes === null ? {} : { data: schema(writes, writes) }) },
      }),
    ).status;

  test("it passes exactly what continues the live list, with a new schema where it grows", () => {
    fc.assert(
      fc.property(list, list, fc.constantFrom(null, 4, 5, 6), (before, after, writes) => {
        const continues = before.every((number, index) => after[index] === number);
        const ascending = after.every((number, index) => index === 0 || number > after[index - 1]!);
        const grows = after.some((number) => !before.includes(number));
        const good = continues && ascending && (!grows || writes === 6);
        const expected = before.length + after.length === 0 ? "skipped" : good ? "pass" : "fail";
        expect(judgeLists(before, after, writes)).toBe(expected);
      }),
    );
  });

  test("taking any live migration away never opens it", () => {
    fc.assert(
      fc.property(list, list, fc.nat(), (before, added, index) => {
        fc.pre(before.length > 0);
        const after = [...before, ...added.filter((number) => !before.includes(number))];
        const without = after.filter((number) => number !== before[index % before.length]);
        expect(judgeLists(before, without, 6)).toBe("fail");
      }),
    );
  });
});
