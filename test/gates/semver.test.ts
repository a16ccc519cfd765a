import * as fc from "fast-check";
import { compare } from "semver";
import { semver } from "../../policies/gates/semver";
import { aRelease, completed, overlayOf, rolledBack, rolling, steady } from "../rollout/releases";
import { transition } from "./transitions";

const start = (from: string, to: string) =>
  semver(
    transition({
      kind: "start",
      from: steady(aRelease(from)),
      to: rolling(10, aRelease(to), aRelease(from)),
    }),
  );

describe("a rollout goes forward", () => {
  test.each([
    ["1.0.0", "1.0.1", "pass"],
    ["1.9.0", "1.10.0", "pass"],
    ["1.0.0-rc.1", "1.0.0", "pass"],
    ["1.0.0-rc.9", "1.0.0-rc.10", "pass"],
    ["1.0.1", "1.0.0", "fail"],
    ["2.0.0", "1.99.99", "fail"],
    ["1.0.0", "1.0.0-rc.1", "fail"],
  ])("%s → %s: %s", (from, to, status) => {
    expect(start(from, to)).toMatchObject({ gate: "semver", status, observed: `${from} → ${to}` });
  });

  test("or stays, with another configuration", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    const input = transition({ kind: "start", from: steady(), to: rolling(10, relaid) });
    expect(semver(input)).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("another configuration"),
    });
  });

  test("a way back is named where it is refused", () => {
    expect(start("1.1.0", "1.0.0").reason).toMatch(/rollback.*new version/);
  });

  test.each([
    ["an advance", { kind: "advance" }],
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["a correction", { kind: "correct" }],
    ["a finalize", { kind: "finalize", to: steady(), from: completed() }],
    ["an install", { kind: "install", to: steady(), from: null }],
  ] as const)("%s is not judged", (_, more) => {
    expect(semver(transition(more)).status).toBe("skipped");
  });
});

describe("whatever the versions are", () => {
  const number = fc.integer({ min: 0, max: 3 });
  const prerelease = fc.constantFrom("", "-alpha", "-rc.1", "-rc.2", "-rc.10");
  const version = fc
    .tuple(number, number, number, prerelease)
    .map(([major, minor, patch, tail]) => `${major}.${minor}.${patch}${tail}`);

  test("one of two different ones may follow the other, never both", () => {
    fc.assert(
      fc.property(version, version, (one, other) => {
        fc.pre(one !== other);
        const forward = start(one, other).status;
        const back = start(other, one).status;
        expect([forward, back].sort()).toEqual(["fail", "pass"]);
        expect(forward).toBe(compare(other, one) > 0 ? "pass" : "fail");
      }),
    );
  });
});
