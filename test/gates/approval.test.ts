import { assert, constantFrom, property, record, subarray, uniqueArray } from "fast-check";
import { approval, approvedFor } from "../../policies/gates/approval";
import type { Approval } from "../../policies/gates/input/governance";
import { aRelease, at, completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { approvalBy, governed } from "./governance";
import { aChannel, transition } from "./transitions";

type Channel = Parameters<typeof aChannel>[0];
type Rules = NonNullable<NonNullable<Channel>["approvals"]>["rules"];

const two = aRelease("2.0.0");
const ofTwo = (by: string, roles: string[], more: Partial<Approval> = {}) =>
  approvalBy({ by, roles, version: two.version, hash: two.hash, ...more });
const threeParties = [ofTwo("ann", ["business"]), ofTwo("bob", ["technology"]), ofTwo("eve", ["operations"])];

/** The start of 2.0.0 over 1.0.0, an hour after everything was signed. */
const major = (approvals: Approval[], more: Parameters<typeof transition>[0] = {}) =>
  approval(
    transition({
      kind: "start",
      from: steady(),
      to: rolling(10, two),
      channel: aChannel({ access: "access.yaml" }),
      ...more,
      snapshot: { governance: governed({ approvals }), ...more.snapshot },
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

describe("a major change, where an access file says who is who", () => {
  test("waits for business, technology and operations, and says how they sign", () => {
    expect(major([])).toEqual({
      gate: "approval",
      status: "hold",
      reason:
        "approval is missing of business, technology, operations: npm run approve -- sign --channel canary --version 2.0.0 --scope start",
      observed: "none",
      expected: "start: business, technology, operations",
    });
  });

  test("goes on when all three have signed, and the verdict names them", () => {
    expect(major(threeParties)).toMatchObject({
      status: "pass",
      reason: "approved by ann, bob, eve",
      approvals: [
        { by: "ann", scope: "start" },
        { by: "bob", scope: "start" },
        { by: "eve", scope: "start" },
      ],
    });
  });

  test.each([0, 1, 2])("waits as long as one of them is missing (%s)", (index) => {
    const others = threeParties.filter((_, position) => position !== index);
    const [missing] = threeParties[index]!.roles;
    expect(major(others)).toMatchObject({
      status: "hold",
      reason: expect.stringContaining(`missing of ${missing}: npm run approve`),
    });
  });

  test("one person who holds two of the roles speaks for one", () => {
    const both = ofTwo("ann", ["business", "technology"]);
    const verdict = major([both, { ...both, file: "approvals/again.jws" }, threeParties[2]!]);
    expect(verdict).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("missing of technology:"),
    });
  });

  test("who holds several roles speaks for the one that nobody else can", () => {
    const verdict = major([
      ofTwo("ann", ["business", "technology", "operations"]),
      ofTwo("bob", ["business", "technology"]),
      ofTwo("eve", ["business"]),
    ]);
    expect(verdict.status).toBe("pass");
  });

  test("is asked of nobody without an access file, or where the channel says so", () => {
    expect(major([], { channel: aChannel() }).status).toBe("skipped");
    const noRules = aChannel({ access: "access.yaml", approvals: { rules: [] } });
    expect(major([], { channel: noRules }).status).toBe("skipped");
  });

  test("by the hotfix lane is a major change all the same", () => {
    const hotfix = { observation: { for: "1m" }, roles: ["operations"] };
    const channel = aChannel({ access: "access.yaml", hotfix });
    expect(major([], { channel, lane: "hotfix" }).expected).toContain(
      "start: business, technology, operations",
    );
  });

  test.each([
    ["a minor one", rolling(10)],
    ["the same version with another configuration", rolling(10, aRelease("1.0.0", { api: { A: "b" } }))],
  ])("%s waits for nobody", (_, to) => {
    expect(major([], { to }).status).toBe("skipped");
  });

  test("so is a first release, which changes nothing that is live", () => {
    expect(major([], { kind: "install", from: null, to: steady(two) }).status).toBe("skipped");
  });
});

describe("an approval counts only", () => {
  const rules: Rules = [{ change: "any", roles: ["operations"] }];
  const withOne = (more: Partial<Approval>, takenAt = at(3600)) =>
    ruled(rules, [approvalBy(more)], {
      snapshot: { takenAt, governance: governed({ approvals: [approvalBy(more)] }) },
    });

  test("as it is", () => {
    expect(withOne({}).status).toBe("pass");
  });

  test.each([
    ["in its channel", { channel: "stable" }, "it is for the channel stable"],
    ["for its version", { version: "1.0.9" }, undefined],
    ["for its release file", { hash: "0".repeat(64) }, "it is for another release file of 1.1.0"],
    ["for its scope", { scope: "finalize" }, undefined],
    ["for its scope, and a weight is another", { scope: "10" }, undefined],
    ["until it expires", { expiresAt: at(3600) }, `it expired at ${at(3600)}`],
    ["once it is signed", { signedAt: at(3661) }, `it was signed at ${at(3661)}, which is still to come`],
    ["with a time that can be read", { expiresAt: "soon" }, "it expired at soon"],
    ["by somebody in that role", { roles: ["business"] }, undefined],
    ["by somebody in a role at all", { roles: [] }, undefined],
  ] as [string, Partial<Approval>, string | undefined][])("%s", (_, more, told) => {
    const { status, reason } = withOne(more);
    expect(status).toBe("hold");
    expect(reason).toContain("missing of operations: npm run approve -- sign");
    expect(reason.includes("Not counted")).toBe(told !== undefined);
    expect(reason).toContain(told ?? "");
  });

  test("for the attempt it was signed for: one from before a rollback says nothing of the next", () => {
    const { version, hash } = next;
    const rejected = [{ version, hash, attempt: 1, at: at(1800), reason: "it lost orders" }];
    const again = (rejections: typeof rejected, signedAt: string) => {
      const approvals = [approvalBy({ signedAt })];
      const record = recordOf(steady(), { rejected: rejections });
      return ruled(rules, approvals, { attempt: 2, record });
    };
    expect(again(rejected, at(1801)).status).toBe("pass");
    expect(again(rejected, at(1800))).toMatchObject({
      status: "hold",
      reason: expect.stringContaining(`it was signed before 1.1.0 was rolled back here (${at(1800)})`),
    });
    expect(again([{ ...rejected[0]!, version: "1.0.9" }], at(1800)).status).toBe("pass");
    expect(again([{ ...rejected[0]!, hash: "0".repeat(64) }], at(1800)).status).toBe("pass");
  });

  test("to its last second, and not one longer", () => {
    expect(withOne({ expiresAt: at(3601) }).status).toBe("pass");
    expect(withOne({ expiresAt: at(3601) }, at(3601)).status).toBe("hold");
    expect(withOne({ expiresAt: at(3601) }, at(3602)).status).toBe("hold");
  });

  test("a clock that is a minute ahead does no harm", () => {
    expect(withOne({ signedAt: at(3660) }).status).toBe("pass");
  });

  test("a file that cannot be believed is told beside what is missing", () => {
    const rejected = [{ file: "approvals/x.jws", problem: "its signature is not that of key ann" }];
    const verdict = ruled(rules, [], { snapshot: { governance: governed({ rejected }) } });
    expect(verdict.reason).toContain("Not counted: approvals/x.jws (its signature is not that of key ann)");
  });
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

  test("of several, all are asked, each with its command", () => {
    const rules: Rules = [
      { change: "any", roles: ["business"] },
      { change: "minor", at: 10, roles: ["operations", "technology"] },
    ];
    const { reason } = ruled(rules, [approvalBy({ scope: "10", roles: ["technology"] })]);
    expect(reason).toContain(
      "missing of business: npm run approve -- sign --channel canary --version 1.1.0 --scope start",
    );
    expect(reason).toContain(
      "of operations: npm run approve -- sign --channel canary --version 1.1.0 --scope 10",
    );
  });

  test("without an access file hold: nobody's signature could be verified", () => {
    const verdict = ruled([{ change: "any", roles }], [], {
      snapshot: { governance: { status: "not-configured" } },
    });
    expect(verdict).toMatchObject({ status: "hold", reason: expect.stringContaining("key channel.access") });
  });

  test("hold where the approvals cannot be read", () => {
    const governance = { status: "unavailable", problem: "EACCES" } as const;
    expect(ruled([{ change: "any", roles }], [], { snapshot: { governance } })).toMatchObject({
      status: "hold",
      reason: "the approvals cannot be read: EACCES",
    });
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
