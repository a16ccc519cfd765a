import * as fc from "fast-check";
import type { DataSpec } from "../../config/schemas/release";
import { dataSchema } from "../../policies/gates/data-schema";
import type { GateInput } from "../../policies/gates/input";
import type { SharingSource } from "../../policies/gates/input/compatibility";
import { completed, old, recordOf, rolledBack, rolling, steady, third } from "../rollout/releases";
import { type ReleaseParts, releaseWith, schema } from "./releases-of-data";
import { aChannel, transition } from "./transitions";

/** A start of 1.1.0 beside 1.0.0, and beside what other channels have live. */
function start(
  candidate: ReleaseParts,
  baseline: ReleaseParts,
  sharing?: Record<string, (DataSpec | undefined)[]>,
  dataOf: Record<string, DataSpec> = {},
): GateInput {
  const [next, live] = [releaseWith("1.1.0", candidate), releaseWith("1.0.0", baseline)];
  const channels = Object.fromEntries(
    Object.entries(sharing ?? {}).map(([channel, list]) => [
      channel,
      list.map((data, index) => ({ version: `0.${index}.0`, hash: "h", data })),
    ]),
  );
  const source: SharingSource =
    sharing === undefined ? { status: "not-configured" } : { status: "known", channels };
  return transition({
    kind: "start",
    from: steady(live),
    to: rolling(10, next, live),
    channel: aChannel({ sharesDataWith: Object.keys(sharing ?? {}), dataOf }),
    snapshot: { sharing: source },
  });
}

const migrating = { migrations: [{ id: "m", phase: "expand" }] };

describe("releases live on one data store", () => {
  test.each([
    [
      "read each other's data",
      { data: schema(2, 1, 2) },
      { data: schema(1, 1, 2) },
      "pass",
      /read what the other/,
    ],
    [
      "the old one cannot read the new schema",
      { data: schema(2, 1, 2) },
      { data: schema(1, 1) },
      "fail",
      /^1\.0\.0 reads schema 1 and not 2, which 1\.1\.0 writes$/,
    ],
    [
      "the new one cannot read the old schema",
      { data: schema(2, 2) },
      { data: schema(1, 1, 2) },
      "fail",
      /^1\.1\.0 reads schema 2 and not 1, which 1\.0\.0 writes$/,
    ],
    [
      "neither reads the other's",
      { data: schema(2, 2) },
      { data: schema(1, 1) },
      "fail",
      /1\.0\.0 reads schema 1 and not 2.*1\.1\.0 reads schema 2 and not 1/,
    ],
    [
      "the new one cannot read itself",
      { data: schema(2, 1) },
      { data: schema(1, 1, 2) },
      "fail",
      /not read itself/,
    ],
    ["the new one says nothing", {}, { data: schema(1, 1) }, "fail", /1\.1\.0 does not say.*Declare `data`/],
    ["the new one says nothing and the old one migrates", {}, migrating, "fail", /1\.1\.0 does not say/],
    ["the new one migrates without a word", migrating, {}, "fail", /1\.1\.0 does not say/],
    [
      "the old one says nothing",
      { data: schema(1, 1) },
      {},
      "hold",
      /1\.0\.0 does not say.*dataOf: \{ 1\.0\.0:/,
    ],
    ["none has data", {}, {}, "skipped", /declares data/],
  ] as const)("%s", (_, candidate, baseline, status, reason) => {
    const verdict = dataSchema(start(candidate, baseline));
    expect(verdict).toMatchObject({ gate: "data-schema", status });
    expect(verdict.reason).toMatch(reason);
  });

  test("what a file leaves out can be declared afterwards, and what it says stands", () => {
    const dataOf = { "1.0.0": schema(1, 1, 2) };
    expect(dataSchema(start({ data: schema(2, 1, 2) }, {}, undefined, dataOf)).status).toBe("pass");
    const contradicted = start({ data: schema(2, 1, 2) }, { data: schema(1, 1) }, undefined, dataOf);
    expect(dataSchema(contradicted).status).toBe("fail");
  });

  test("the figures name who writes and reads what", () => {
    expect(dataSchema(start({ data: schema(2, 1, 2) }, {}))).toMatchObject({
      observed: "1.1.0 writes 2, reads 1, 2; 1.0.0 undeclared",
      expected: "each reads what the others write",
    });
  });
});

describe("the channels that share it", () => {
  const mine = { data: schema(2, 1, 2) };
  const before = { data: schema(1, 1, 2) };

  test.each([
    [
      "all of them fit",
      { stable: [schema(1, 1, 2)], beta: [schema(2, 1, 2), schema(1, 1, 2)] },
      "pass",
      /stable/,
    ],
    [
      "one cannot read ours",
      { stable: [schema(1, 1)] },
      "fail",
      /0\.0\.0 \(stable\) reads schema 1 and not 2/,
    ],
    [
      "the second of one writes what we cannot read",
      { stable: [schema(1, 1, 2), schema(3, 1, 2, 3)] },
      "fail",
      /1\.1\.0 reads schema 1, 2 and not 3, which 0\.1\.0 \(stable\) writes/,
    ],
    ["one says nothing of its data", { stable: [undefined] }, "hold", /0\.0\.0 \(stable\) does not say/],
    ["nothing is live there", { stable: [] }, "pass", /1\.0\.0/],
  ] as const)("%s", (_, sharing, status, reason) => {
    const lists = Object.fromEntries(Object.entries(sharing).map(([name, list]) => [name, [...list]]));
    const verdict = dataSchema(start(mine, before, lists));
    expect(verdict.status).toBe(status);
    expect(verdict.reason).toMatch(reason);
  });

  test.each([
    ["cannot be asked", { status: "unavailable", problem: "the backend is gone" }, /the backend is gone/],
    ["were not asked", { status: "not-configured" }, /stable, on the same data store, is not known/],
    ["are missing from the answer", { status: "known", channels: {} }, /stable/],
  ] as [string, SharingSource, RegExp][])("hold when they %s", (_, sharing, reason) => {
    const input = start(mine, before, { stable: [] });
    const verdict = dataSchema({ ...input, snapshot: { ...input.snapshot, sharing } });
    expect(verdict).toMatchObject({ status: "hold", reason: expect.stringMatching(reason) });
  });

  test("a failure is told before what holds", () => {
    const input = start(mine, { data: schema(1, 1) }, { stable: [] });
    const sharing: SharingSource = { status: "unavailable", problem: "gone" };
    expect(dataSchema({ ...input, snapshot: { ...input.snapshot, sharing } }).status).toBe("fail");
  });

  test("a first install is judged against them too", () => {
    const sharing: SharingSource = {
      status: "known",
      channels: { stable: [{ version: "1.0.0", hash: "h", data: schema(1, 1) }] },
    };
    const input = transition({
      kind: "install",
      from: null,
      to: steady(releaseWith("1.1.0", mine)),
      channel: aChannel({ sharesDataWith: ["stable"] }),
      snapshot: { sharing },
    });
    expect(dataSchema(input).status).toBe("fail");
  });

  test("the channel itself is not another one", () => {
    const channel = aChannel({ sharesDataWith: ["canary"] });
    expect(dataSchema({ ...start(mine, before), channel }).status).toBe("pass");
  });
});

describe("how many releases are live", () => {
  test("a third one is refused", () => {
    const input = transition({ kind: "start", to: rolling(10, third, old), record: recordOf(completed()) });
    expect(dataSchema(input)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/1\.0\.0, 1\.2\.0, 1\.1\.0 would be live at once; .*at most two/),
    });
  });

  test.each([
    ["a finalize", { kind: "finalize", from: completed(), to: steady() }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
  ] as const)("%s is not judged", (_, more) => {
    expect(dataSchema(transition(more)).status).toBe("skipped");
  });

  test("an advance is judged again", () => {
    const [live, next] = [
      releaseWith("1.0.0", { data: schema(1, 1) }),
      releaseWith("1.1.0", { data: schema(2, 1, 2) }),
    ];
    const input = transition({ from: rolling(10, next, live), to: rolling(30, next, live) });
    expect(dataSchema(input).status).toBe("fail");
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
