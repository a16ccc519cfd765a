import { assert, constantFrom, property, record, subarray, uniqueArray } from "fast-check";
import { approval, approvedFor } from "../../policies/gates/approval";
import type { Approval } from "../../policies/gates/input/governance";
import { aRelease, at, completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { approvalBy, governed } from "./governance";
import { aChannel, transition } from "./transitions";

type Channel = Parameters<typeof aChannel>[0];
type Rules = NonNullable<NonNullable<Channel>["approvals"]>["rules"];

const two = aRelease("2.0.0");
const ofTwo = (by: string, roles: string[]) =>
  approvalBy({ by, roles, version: two.version, hash: two.hash });
const threeParties = [ofTwo("ann", ["business"]), ofTwo("bob", ["technology"]), ofTwo("eve", ["operations"])];

/** The start of 2.0.0 over 1.0.0, an hour after everything was signed. */
const major = (approvals: Approval[]) =>
  approval(
    transition({
      kind: "start",
      from: steady(),
      to: rolling(10, two),
      channel: aChannel({ access: "access.yaml" }),
      snapshot: { governance: governed({ approvals }) },
    }),
  );

/** A step of 1.1.0 where these rules hold. */
const ruled = (
  rules: Rules,
  approvals: Approval[] = [],
  more: Parameters<typeof transition>[0] = {},
  channel: Channel = {},
) =>
  approval(
    transition({
      kind: "start",
      from: steady(),
      to: rolling(10),
      channel: aChannel({ access: "access.yaml", approvals: { rules }, ...channel }),
      ...more,
      snapshot: { governance: governed({ approvals }), ...more.snapshot },
    }),
  );

test.each([0, 1, 2])("a major change waits as long as one of three parties is missing (%s)", (index) => {
  const others = threeParties.filter((_, position) => position !== index);
  const [missing] = threeParties[index]!.roles;
  expect(major(others)).toMatchObject({
    status: "hold",
    reason: expect.stringContaining(`missing of ${missing}: npm run approve`),
  });
});

test("an approval with a time that cannot be read never counts", () => {
  const rules: Rules = [{ change: "any", roles: ["operations"] }];
  expect(ruled(rules, [approvalBy()]).status).toBe("pass");
  expect(ruled(rules, [approvalBy({ expiresAt: "soon" })])).toMatchObject({
    status: "hold",
    reason: expect.stringContaining("it expired at soon"),
  });
});

test("an approval from before a rollback counts, where that was of another release", () => {
  const { version, hash } = next;
  const rejected = { version, hash, attempt: 1, at: at(1800), reason: "it lost orders" };
  const judged = (rejection: typeof rejected) =>
    ruled([{ change: "any", roles: ["operations"] }], [approvalBy({ signedAt: at(1800) })], {
      attempt: 2,
      record: recordOf(steady(), { rejected: [rejection] }),
    }).status;
  expect(judged(rejected)).toBe("hold");
  expect(judged({ ...rejected, version: "1.0.9" })).toBe("pass");
  expect(judged({ ...rejected, hash: "0".repeat(64) })).toBe("pass");
});

describe("rules", () => {
  const roles = ["operations"];
  const asks = (rules: Rules, more: Parameters<typeof transition>[0] = {}) =>
    ruled(rules, [], more).status === "hold";

  test.each([
    ["major", false],
    ["minor", true],
    ["patch", false],
    ["hotfix", false],
    ["any", true],
  ] as const)("for a %s change ask of a minor one: %s", (change, expected) => {
    expect(asks([{ change, roles }])).toBe(expected);
  });

  test.each([
    ["1.0.1", "patch"],
    ["1.1.0-rc.1", "minor"],
    ["2.0.0-rc.1", "major"],
    ["0.9.0", "major"],
    ["1.0.0", "patch"],
  ] as const)("%s after 1.0.0 is a %s change", (version, change) => {
    for (const one of ["major", "minor", "patch"] as const) {
      const to = rolling(10, aRelease(version, { api: { A: "b" } }));
      expect([one, asks([{ change: one, roles }], { to })]).toEqual([one, one === change]);
    }
  });

  const install = { kind: "install", from: null, to: steady() } as const;
  const start = { kind: "start", from: steady(), to: rolling(10) } as const;
  const advance = { kind: "advance", from: rolling(10), to: rolling(30) } as const;
  const complete = { kind: "advance", from: rolling(30), to: completed() } as const;
  const finalize = { kind: "finalize", from: completed(), to: steady(next) } as const;
  const clearAway = { kind: "finalize", from: rolledBack(), to: steady() } as const;

  test.each([
    ["start", { install, start }],
    [10, { install, start }],
    [20, { install, advance }],
    [30, { install, advance }],
    [100, { install, complete }],
    ["finalize", { finalize }],
  ] as const)("at %s are about the step that gets there, or past it", (step, about) => {
    const all = { install, start, advance, complete, finalize, clearAway };
    const asked = Object.entries(all).filter(([, more]) => asks([{ change: "any", at: step, roles }], more));
    expect(asked.map(([name]) => name)).toEqual(Object.keys(about));
  });
});

describe("a hotfix", () => {
  const fix = aRelease("1.0.1");
  const hotfix = { observation: { for: "1m" }, roles: ["on-call"] };
  const signed = (by: string, roles: string[], scope: string) =>
    approvalBy({ by, roles, scope, version: fix.version, hash: fix.hash });
  const judged = (approvals: Approval[], rules: Rules, more: Parameters<typeof transition>[0] = {}) =>
    ruled(rules, approvals, { to: rolling(10, fix), lane: "hotfix", ...more }, { hotfix });

  test("waits for the roles that the channel names for it, at every step", () => {
    for (const more of [
      {},
      { kind: "advance", from: rolling(10, fix), to: rolling(30, fix) },
      { kind: "finalize", from: completed(fix), to: steady(fix) },
    ] as const) {
      expect(judged([], [], more).reason).toContain(
        "missing of on-call: npm run approve -- sign --channel canary --version 1.0.1 --scope hotfix",
      );
      expect(judged([signed("ann", ["on-call"], "hotfix")], [], more).status).toBe("pass");
    }
  });

  test("is asked of by rules for hotfixes, and not by those for patches", () => {
    const ok = [signed("ann", ["on-call"], "hotfix")];
    expect(judged(ok, [{ change: "patch", roles: ["business"] }]).status).toBe("pass");
    expect(judged(ok, [{ change: "hotfix", roles: ["business"] }]).status).toBe("hold");
    expect(judged(ok, [{ change: "hotfix", roles: ["business"] }], { lane: "train" }).status).toBe("skipped");
  });
});

describe("an approval of what no rule is about", () => {
  const asked = (more: Partial<Approval>, permissions = {}) =>
    approvedFor(
      transition({
        channel: aChannel({ permissions }),
        snapshot: { governance: governed({ approvals: [approvalBy({ scope: "low-traffic", ...more })] }) },
      }),
      "low-traffic",
    );

  test("is given by somebody with a role, and names who", () => {
    expect(asked({})).toEqual({ by: "ann", scope: "low-traffic" });
    expect(asked({ roles: [] })).toBeNull();
  });

  test("is given by who may promote, where the channel names them", () => {
    expect(asked({}, { promote: ["operations"] })).not.toBeNull();
    expect(asked({ roles: ["ci"] }, { promote: ["operations"] })).toBeNull();
  });

  test.each([
    [{ scope: "30" }],
    [{ expiresAt: at(3600) }],
    [{ hash: "0".repeat(64) }],
    [{ channel: "stable" }],
  ])("is none: %j", (more) => {
    expect(asked(more)).toBeNull();
  });

  test("is none where nothing is known", () => {
    expect(approvedFor(transition(), "low-traffic")).toBeNull();
  });
});

describe("whatever was signed", () => {
  const people = ["ann", "bob", "eve", "joe"];
  const roles = ["business", "technology", "operations"];
  const signatures = uniqueArray(
    record({ by: constantFrom(...people), roles: subarray(roles), expired: constantFrom(true, false) }),
    { maxLength: 4, selector: ({ by }) => by },
  );
  const verdictOn = (given: { by: string; roles: string[]; expired: boolean }[], asked: string[]) =>
    ruled(
      [{ change: "any", roles: asked }],
      given.map(({ by, roles: held, expired }) =>
        approvalBy({ by, roles: held, expiresAt: at(expired ? 3000 : 9000) }),
      ),
    );

  /** Every way of giving each role a person of its own. */
  const assignable = (asked: string[], given: { by: string; roles: string[] }[]): boolean => {
    const [role, ...others] = asked;
    return (
      role === undefined ||
      given.some(
        (one) =>
          one.roles.includes(role) &&
          assignable(
            others,
            given.filter(({ by }) => by !== one.by),
          ),
      )
    );
  };

  test("it passes exactly when each role can be given a person of its own", () => {
    assert(
      property(signatures, subarray(roles, { minLength: 1 }), (given, asked) => {
        const counted = given.filter(({ expired }) => !expired);
        expect(verdictOn(given, asked).status).toBe(assignable(asked, counted) ? "pass" : "hold");
      }),
    );
  });

  test("an approval taken away opens nothing", () => {
    assert(
      property(signatures, subarray(roles, { minLength: 1 }), (given, asked) => {
        if (verdictOn(given, asked).status === "pass") return;
        for (const one of given) {
          const fewer = given.filter((other) => other !== one);
          expect(verdictOn(fewer, asked).status).toBe("hold");
        }
      }),
    );
  });
});
