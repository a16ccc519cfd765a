import * as fc from "fast-check";
import type { GateInput } from "../../policies/gates/input";
import { migrations as judgeMigrations } from "../../policies/gates/migrations";
import { rolledBack, rolling, steady } from "../rollout/releases";
import { migrationsOf, type ReleaseParts, releaseWith, schema } from "./releases-of-data";
import { transition } from "./transitions";

/** The start of a release over another. */
function start(baseline: ReleaseParts, candidate: ReleaseParts): GateInput {
  const [next, live] = [releaseWith("1.1.0", candidate), releaseWith("1.0.0", baseline)];
  return transition({ kind: "start", from: steady(live), to: rolling(10, next, live) });
}

test("a migration may not be named twice, as no file could", () => {
  const migrations = [{ id: "0001-a", phase: "expand" }];
  const input = start({ data: schema(1, 1, 2) }, { data: schema(2, 1, 2), migrations });
  const { candidate } = input.to;
  const [first] = candidate!.migrations;
  const twice = { ...candidate!, migrations: [first!, first!] };
  expect(judgeMigrations({ ...input, to: { ...input.to, candidate: twice } })).toMatchObject({
    status: "fail",
    reason: expect.stringContaining("0001-a is named twice"),
  });
});

test.each([
  ["a rollback", { kind: "rollback", to: rolledBack() }],
  ["a correction", { kind: "correct", to: rolling(5) }],
] as const)("%s is not judged", (_, more) => {
  expect(judgeMigrations(transition(more)).status).toBe("skipped");
});

describe("whatever the migrations are", () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 6 });
  const specs = (numbers: readonly number[]) =>
    migrationsOf(numbers.map((number) => ({ id: `${number}-x`, phase: "expand" })));
  const judgeLists = (before: readonly number[], after: readonly number[], writes: number | null) =>
    judgeMigrations(
      start(
        { data: schema(5, 5), migrations: specs(before) },
        { migrations: specs(after), ...(writes === null ? {} : { data: schema(writes, writes) }) },
      ),
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
