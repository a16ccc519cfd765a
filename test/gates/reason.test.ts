import { reason, witnessReason } from "../../policies/gates/reason";
import { aRelease, at, completed, next, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { aChannel, transition } from "./transitions";

const rejectedBefore = (text: string | null, version = "1.1.0") =>
  recordOf(steady(), {
    rejected: [{ version, hash: next.hash, attempt: 1, at: at(0), reason: text }],
  });
const start = { kind: "start", to: rolling(10), attempt: 2 } as const;

describe("a reason is asked for", () => {
  test("what was rolled back and is tried again holds without one, and says what to do", () => {
    expect(reason(transition({ ...start, record: rejectedBefore("errors") }))).toMatchObject({
      gate: "reason",
      status: "hold",
      reason:
        '1.1.0 was rolled back here and is tried again (attempt 2), and nothing says why: pulumi config set reason "…"',
    });
  });

  test("and goes on with one, which the verdict repeats", () => {
    const record = rejectedBefore("errors");
    expect(reason(transition({ ...start, record, reason: "the cache was cold" }))).toMatchObject({
      status: "pass",
      reason: expect.stringContaining("the cache was cold"),
    });
  });

  test("that of the rollback, still in the configuration, is none", () => {
    const record = rejectedBefore("errors ");
    expect(reason(transition({ ...start, record, reason: " errors" }))).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("say what is different now"),
    });
  });

  test.each([null, "", "  "])("%j is no reason", (given) => {
    expect(reason(transition({ ...start, record: rejectedBefore(null), reason: given })).status).toBe("hold");
  });

  test("also of a release file that was edited after its rollback", () => {
    const edited = rolling(10, aRelease("1.1.0", {}, { api: aRelease("1.1.0").services.api! }));
    const record = rejectedBefore("errors");
    expect(reason(transition({ ...start, to: edited, record })).status).toBe("hold");
  });

  test("not of another configuration of what was completed since", () => {
    const { rejected } = rejectedBefore("errors", "1.0.0");
    const completedSince = [{ version: "1.0.0", hash: "any", at: at(1) }];
    const relaid = rolling(10, aRelease("1.0.0", { api: { A: "b" } }));
    const judged = (since: typeof completedSince) =>
      reason(
        transition({ ...start, to: relaid, record: recordOf(steady(), { rejected, completed: since }) }),
      );
    expect(judged(completedSince).status).toBe("skipped");
    expect(judged([{ ...completedSince[0]!, at: at(-1) }]).status).toBe("hold");
  });

  test("not of another version, whatever the attempt in the configuration", () => {
    expect(reason(transition({ ...start, record: rejectedBefore("errors", "1.0.9") })).status).toBe(
      "skipped",
    );
  });

  test("not again at the steps after the start", () => {
    const rejected = rejectedBefore("errors").rejected;
    expect(reason(transition({ record: recordOf(rolling(10), { rejected }) })).status).toBe("skipped");
  });

  test("what was taken down by hand and goes on", () => {
    const record = recordOf(rolling(10), { braked: true });
    expect(reason(transition({ record })).reason).toContain("1.1.0 was taken to 10 % by hand and goes on");
    expect(reason(transition({ record })).status).toBe("hold");
    expect(reason(transition({ record, reason: "it was the gateway" })).status).toBe("pass");
  });

  test.each([
    ["start", steady(), rolling(10)],
    ["advance", rolling(10), rolling(30)],
    ["finalize", completed(), steady(next)],
  ] as const)("the hotfix lane, at %s", (kind, from, to) => {
    expect(reason(transition({ kind, from, to, lane: "hotfix" })).status).toBe("hold");
    expect(reason(transition({ kind, from, to, lane: "hotfix", reason: "the shop is down" })).status).toBe(
      "pass",
    );
  });

  test.each([
    ["install", null, steady()],
    ["start", steady(), rolling(10)],
    ["advance", rolling(10), rolling(30)],
    ["finalize", completed(), steady(next)],
  ] as const)("not of an ordinary %s", (kind, from, to) => {
    expect(reason(transition({ kind, from, to })).status).toBe("skipped");
  });

  test("not of the clearing away of a hotfix that was rolled back", () => {
    const clearing = { kind: "finalize", from: rolledBack(), to: steady(), lane: "hotfix" } as const;
    expect(reason(transition(clearing)).status).toBe("skipped");
  });
});

describe("the reason of a rollback", () => {
  const actor = { name: "ann", verifiedBy: null, roles: [] };
  const witnessed = (kind: "rollback" | "correct", given: string | null) =>
    witnessReason({ kind, channel: aChannel(), reason: given, snapshot: { actor } });

  test("is recorded", () => {
    expect(witnessed("rollback", "errors")).toMatchObject({ status: "pass", reason: "errors" });
  });

  test.each([null, " "])("is recorded as missing (%j), and holds nothing up", (given) => {
    expect(witnessed("rollback", given)).toMatchObject({
      status: "skipped",
      reason: "no reason is given; recorded as missing",
    });
  });

  test("is not asked of a correction", () => {
    expect(witnessed("correct", null).status).toBe("skipped");
  });
});
