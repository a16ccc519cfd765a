import * as fc from "fast-check";
import type { DataSpec } from "../../config/schemas/release";
import { dataSchema } from "../../policies/gates/data-schema";
import type { GateInput } from "../../policies/gates/input";
import type { SharingSource } from "../../policies/gates/input/compatibility";
import { completed, old, recordOf, rolledBack, rolling, steady, third } from "../rollout/releases";
import { type ReleaseParts, releaseWith } from "./releases-of-data";
import { aChannel, transition } from "./transitions";

/** A start of 1.1.0 beside 1.0.0, and beside what other channels have live. */
function start(
  candidate: ReleaseParts,
  baseline: ReleaseParts,
  sharing: Record<string, (DataSpec | undefined)[]> = {},
): GateInput {
  const [next, live] = [releaseWith("1.1.0", candidate), releaseWith("1.0.0", baseline)];
  const channels = Object.fromEntries(
    Object.entries(sharing).map(([channel, list]) => [
      channel,
      list.map((data, index) => ({ version: `0.${index}.0`, hash: "h", data })),
    ]),
  );
  return transition({
    kind: "start",
    from: steady(live),
    to: rolling(10, next, live),
    channel: aChannel({ sharesDataWith: Object.keys(sharing) }),
    snapshot: { sharing: { status: "known", channels } },
  });
}

describe("how many releases are live", () => {
  test("a third one is refused", () => {
    const input = transition({ kind: "start", to: rolling(10, third, old), record: recordOf(completed()) });
    expect(dataSchema(input)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/1\.0\.0, 1\.2\.0, 1\.1\.0 would be live at once; .*at most two/),
    });
  });

  test.each([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
  ] as const)("%s is not judged", (_, more) => {
    expect(dataSchema(transition(more)).status).toBe("skipped");
  });
});

describe("whatever is live", () => {
  const spec = fc.record({
    writes: fc.integer({ min: 1, max: 3 }),
    reads: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
  });
  const maybe = fc.option(spec, { nil: undefined });
  const others = fc.dictionary(fc.constantFrom("stable", "beta"), fc.array(maybe, { maxLength: 2 }));
  const parts = (data: DataSpec | undefined): ReleaseParts => (data === undefined ? {} : { data });

  test("it passes only if all is declared and everyone reads everyone", () => {
    fc.assert(
      fc.property(maybe, maybe, others, (mine, baseline, sharing) => {
        const { status } = dataSchema(start(parts(mine), parts(baseline), sharing));
        const beside = [baseline, ...Object.values(sharing).flat()];
        const good =
          mine?.reads.includes(mine.writes) &&
          beside.every((other) => other?.reads.includes(mine.writes) && mine.reads.includes(other.writes));
        const silent = mine === undefined && baseline === undefined && Object.keys(sharing).length === 0;
        if (silent) expect(status).toBe("skipped");
        else expect(status === "pass").toBe(good === true);
      }),
    );
  });

  test("taking a declaration or an answer away never opens it", () => {
    fc.assert(
      fc.property(spec, spec, others, (mine, baseline, sharing) => {
        const whole = start(parts(mine), parts(baseline), { ...sharing, stable: sharing.stable ?? [] });
        const { status } = dataSchema(whole);
        const sources: SharingSource[] = [
          { status: "not-configured" },
          { status: "unavailable", problem: "gone" },
          { status: "known", channels: {} },
        ];
        for (const source of sources) {
          const blind = dataSchema({ ...whole, snapshot: { ...whole.snapshot, sharing: source } });
          expect(["hold", "fail"]).toContain(blind.status);
        }
        const undeclared = dataSchema(start({}, parts(baseline), sharing));
        expect(undeclared.status).toBe("fail");
        expect(["pass", "fail", "hold"]).toContain(status);
      }),
    );
  });
});
