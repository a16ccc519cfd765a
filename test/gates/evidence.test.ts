import fc from "fast-check";
import { evidencePolicy } from "../../config/schemas/evidence";
import { evidence } from "../../policies/gates/evidence";
import type { EvidenceItem, EvidenceSource } from "../../policies/gates/input/evidence";
import {
  aRelease,
  at,
  completed,
  next,
  old,
  recordOf,
  rolledBack,
  rolling,
  steady,
} from "../rollout/releases";
import { reportInOrder } from "./cases";
import { transition } from "./transitions";

const kind = (more: object = {}) => ({ pattern: "reports/{{version}}/one.json", schema: "stress", ...more });
const asks = (kinds: object, more: object = {}) => evidencePolicy.parse({ kinds, ...more });

const inOrder = (kind: string, more: Partial<EvidenceItem> = {}) => reportInOrder({ kind, ...more });
const nothingIn: Partial<EvidenceItem> = {
  file: null,
  sha256: null,
  producedAt: null,
  releaseCandidateId: null,
  correlationId: null,
};
const known = (...items: EvidenceItem[]): EvidenceSource => ({ status: "known", items });

const gate = (policy: object, source: EvidenceSource, more: Parameters<typeof transition>[0] = {}) =>
  evidence(transition({ evidence: asks(policy), ...more, snapshot: { evidence: source } }));

describe("which step needs it", () => {
  const steps: [string, Parameters<typeof transition>[0]][] = [
    ["start at 10 %", { kind: "start", from: steady(), to: rolling(10) }],
    ["advance to 30 %", { kind: "advance", from: rolling(10), to: rolling(30) }],
    ["advance to 100 %", { kind: "advance", from: rolling(30), to: completed() }],
    ["finalize", { kind: "finalize", from: completed(), to: steady(next) }],
    ["first install", { kind: "install", from: null, to: steady(next) }],
  ];
  test.each([
    ["start", ["hold", "hold", "hold", "hold", "hold"]],
    [10, ["hold", "hold", "hold", "hold", "hold"]],
    [25, ["skipped", "hold", "hold", "hold", "hold"]],
    [100, ["skipped", "skipped", "hold", "hold", "hold"]],
    ["finalize", ["skipped", "skipped", "skipped", "hold", "skipped"]],
  ])("needed at %s: not before, and from there on", (neededAt, expected) => {
    const statuses = steps.map(
      ([, more]) => gate({ one: kind({ neededAt }) }, known(inOrder("one", nothingIn)), more).status,
    );
    expect(statuses).toEqual(expected);
  });

  test.each<[string, Parameters<typeof transition>[0]]>([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct", to: rolling(5) }],
  ])("nothing is asked of %s", (_, more) => {
    expect(gate({ one: kind() }, known(), more).status).toBe("skipped");
  });
});

describe("which release it is asked of", () => {
  const start = (to = next, from = old): Parameters<typeof transition>[0] => ({
    kind: "start",
    from: steady(from),
    to: rolling(10, to, from),
  });
  const migrating = {
    ...next,
    migrations: [{ id: "0002", phase: "expand" as const, image: "x", reversible: true }],
  };

  test.each<[string, object, Parameters<typeof transition>[0], boolean]>([
    ["a major, of majors", { change: ["major"] }, start(aRelease("2.0.0")), true],
    ["a minor, of majors", { change: ["major"] }, start(), false],
    ["a minor, of majors and minors", { change: ["major", "minor"] }, start(), true],
    ["a patch, of minors", { change: ["minor"] }, start(aRelease("1.0.1")), false],
    [
      "the same version with another configuration, of patches",
      { change: ["patch"] },
      start(aRelease("1.0.0", { api: { A: "1" } })),
      true,
    ],
    [
      "the first release, of majors",
      { change: ["major"] },
      { kind: "install", from: null, to: steady(next) },
      true,
    ],
    [
      "the end of a minor, of minors",
      { change: ["minor"] },
      { kind: "finalize", from: completed(), to: steady(next) },
      true,
    ],
    ["canary, of stable", { channels: ["stable"] }, start(), false],
    ["stable, of stable", { channels: ["stable"] }, { ...start(), channelName: "stable" }, true],
    ["a hotfix, of the train", { lane: "train" }, { ...start(), lane: "hotfix" }, false],
    ["a release with migrations, of those", { migrations: true }, start(migrating), true],
    ["a release without, of those", { migrations: true }, start(), false],
    [
      "a release with those of its predecessor only",
      { migrations: true },
      start(migrating, { ...old, migrations: migrating.migrations }),
      false,
    ],
    [
      "a major without migrations, of majors with",
      { change: ["major"], migrations: true },
      start(aRelease("2.0.0")),
      false,
    ],
  ])("%s", (_, when, more, asked) => {
    const verdict = gate({ one: kind({ when }) }, known(inOrder("one", nothingIn)), more);
    expect(verdict.status).toBe(asked ? "hold" : "skipped");
  });
});

describe("whatever comes in", () => {
  const statusRank = { pass: 0, skipped: 0, hold: 1, fail: 2 };
  const item = fc.record({
    file: fc.option(fc.constantFrom("a.json", "b.json")),
    sha256: fc.option(fc.constant("a".repeat(64))),
    producedAt: fc.option(fc.integer({ min: -90_000, max: 9000 }).map(at)),
    releaseCandidateId: fc.option(fc.constantFrom("rc-1", "rc-2")),
    correlationId: fc.option(fc.constantFrom("run-1", "run-2")),
    problems: fc.array(fc.constant("is odd"), { maxLength: 2 }),
    signature: fc.constantFrom<EvidenceItem["signature"][]>("valid", "missing", "wrong", "not-required"),
  });
  const names = ["first", "second", "third"];
  const items = fc
    .subarray(names)
    .chain((present) => fc.tuple(...present.map((name) => item.map((one) => inOrder(name, one)))));
  const policy = fc
    .record({ correlated: fc.boolean(), signed: fc.boolean(), maxAge: fc.constantFrom("1m", "1h", "2d") })
    .map(({ correlated, signed, maxAge }) =>
      asks(
        Object.fromEntries(
          names.map((name) => [name, kind({ maxAge, ...(signed ? { signedBy: ["ops"] } : {}) })]),
        ),
        { correlated },
      ),
    );
  const judged = (asked: ReturnType<typeof asks>, list: EvidenceItem[]) =>
    evidence(transition({ evidence: asked, snapshot: { evidence: known(...list) } })).status;

  test("it never passes unless every kind is in, readable, dated, flawless and signed as asked", () => {
    fc.assert(
      fc.property(policy, items, (asked, list) => {
        if (judged(asked, list) !== "pass") return;
        for (const name of names) {
          const found = list.find((one) => one.kind === name);
          expect(found).toMatchObject({ file: expect.any(String), sha256: expect.any(String), problems: [] });
          expect(Date.parse(found!.producedAt!)).toBeLessThanOrEqual(Date.parse(at(3660)));
          if (asked.kinds[name]!.signedBy !== undefined) expect(found!.signature).toBe("valid");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("taking a report away, or finding fault with it, never opens the gate", () => {
    fc.assert(
      fc.property(policy, items, fc.nat(2), fc.boolean(), (asked, list, index, remove) => {
        const worse = remove
          ? list.filter((_, at) => at !== index)
          : list.map((one, at) => (at === index ? { ...one, problems: [...one.problems, "is worse"] } : one));
        const before = judged(asked, list);
        if (before !== "pass") expect(statusRank[judged(asked, worse)]).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test("a record of what went before changes nothing about it", () => {
    const source = known(inOrder("one"));
    expect(gate({ one: kind() }, source, { record: recordOf(rolling(10), { attempt: 4 }) })).toEqual(
      gate({ one: kind() }, source),
    );
  });
});
