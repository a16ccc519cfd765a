import * as fc from "fast-check";
import { compare } from "semver";
import { semver } from "../../policies/gates/semver";
import { aRelease, rolledBack, rolling, steady } from "../rollout/releases";
import { transition } from "./transitions";

const start = (from: string, to: string) =>
  semver(
    transition({
      kind: "start",
      from: steady(aRelease(from)),
      to: rolling(10, aRelease(to), aRelease(from)),
    }),
  );

test.each([
  ["a rollback", { kind: "rollback", to: rolledBack() }],
  ["a correction", { kind: "correct" }],
] as const)("%s is not judged", (_, more) => {
  expect(semver(transition(more)).status).toBe("skipped");
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
