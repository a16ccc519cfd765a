import { type Attribution, nextRecord, signedDecisions } from "../../rollout/history";
import type { MigrationRun } from "../../rollout/migrations";
import type { Plan } from "../../rollout/plan";
import {
  type ChannelRecord,
  channelRecord,
  historyLength,
  intent,
  type Position,
  type TransitionKind,
} from "../../rollout/record";
import { resolveRelease } from "../../rollout/release";
import type { Verdict } from "../../rollout/verdict";
import {
  aFile,
  apiAndWorker,
  aRelease,
  at,
  completed,
  intentTo,
  next,
  noChanges,
  old,
  overlayOf,
  recordOf,
  rolledBack,
  rolling,
  steady,
  third,
} from "./releases";

/** The record after an update from what is remembered to `to`, confirmed at 100 s. */
function recordAfter(
  previous: ChannelRecord | null,
  kind: TransitionKind,
  to: Position,
  { attempt = 1, reason = null as string | null, seconds = 100 } = {},
): ChannelRecord {
  const plan: Plan = {
    transition: { id: "t2", kind, startedAt: at(seconds - 10), attempt },
    from:
      previous === null
        ? null
        : {
            state: previous.state,
            baseline: previous.baseline,
            candidate: previous.candidate,
            weight: previous.weight,
          },
    to,
    releases: [],
    sizes: {},
    data: noChanges,
    restore: null,
    why: "",
  };
  const confirmed = { id: "t2", confirmedAt: at(seconds), services: {} };
  return nextRecord("canary", previous, plan, confirmed, { actor: "ann", reason });
}

const versions = (list: { version: string }[]) => list.map(({ version }) => version);

describe("the record after a confirmation", () => {
  test("says where the channel is, since when, by whom and why", () => {
    const record = recordAfter(recordOf(rolling(10)), "advance", rolling(30), { reason: "looks well" });
    expect(record).toMatchObject({
      ...rolling(30),
      transition: { id: "t2", kind: "advance", at: at(100) },
      since: at(100),
    });
    expect(record.history).toEqual([
      {
        transition: { id: "t2", kind: "advance", at: at(100) },
        from: { version: "1.1.0", weight: 10 },
        to: { version: "1.1.0", weight: 30 },
        actor: "ann",
        reason: "looks well",
      },
    ]);
  });

  test("of a first install has no history before it", () => {
    const record = recordAfter(null, "install", steady());
    expect(record.history).toMatchObject([
      { from: { version: null, weight: 0 }, to: { version: "1.0.0", weight: 100 } },
    ]);
    expect(record).toMatchObject({
      since: at(100),
      attempt: 1,
      rejected: [],
      braked: false,
      setAsideOverlay: null,
    });
  });

  test("keeps the time since the weight was reached when a correction leaves it as it was", () => {
    expect(recordAfter(recordOf(rolling(30)), "correct", rolling(30)).since).toBe(at(0));
    expect(recordAfter(recordOf(rolling(30)), "correct", rolling(5)).since).toBe(at(100));
    expect(recordAfter(recordOf(completed()), "finalize", steady(next)).since).toBe(at(100));
  });

  test("keeps only so much history", () => {
    let record = recordAfter(null, "install", steady());
    for (let round = 0; round < historyLength + 5; round++)
      record = recordAfter(record, "correct", steady(), { seconds: 200 + round });
    expect(record.history).toHaveLength(historyLength);
    expect(record.history.at(-1)?.transition.at).toBe(at(200 + historyLength + 4));
  });

  test("does not change what it was made from", () => {
    const previous = recordOf(rolling(10));
    const copy = structuredClone(previous);
    recordAfter(previous, "rollback", rolledBack());
    expect(previous).toEqual(copy);
  });

  test("is not to be had without a transition", () => {
    const plan: Plan = {
      transition: null,
      from: null,
      to: steady(),
      releases: [],
      sizes: {},
      data: noChanges,
      restore: null,
      why: "",
    };
    const confirmed = { id: "t1", confirmedAt: at(1), services: {} };
    expect(() => nextRecord("canary", null, plan, confirmed, { actor: "ann", reason: null })).toThrow(
      "transition",
    );
  });
});

describe("the history entry of a transition", () => {
  const plan = (kind: TransitionKind, to: Position): Plan => ({
    transition: { id: "t2", kind, startedAt: at(90), attempt: 1 },
    from: rolling(10),
    to,
    releases: [],
    sizes: {},
    data: noChanges,
    restore: null,
    why: "",
  });
  const confirmed = { id: "t2", confirmedAt: at(100), services: {} };
  const verdicts: Verdict[] = [
    { gate: "approval", status: "pass", reason: "", approvals: [{ by: "bob", scope: "30" }] },
    {
      gate: "slo",
      status: "pass",
      reason: "",
      override: { by: "eve", reason: "load test", expiresAt: at(500) },
    },
    { gate: "observation", status: "pass", reason: "" },
  ];
  const attribution: Attribution = {
    actor: "ann",
    verifiedBy: "token",
    reason: "the shop is down",
    lane: "hotfix",
    ...signedDecisions(verdicts),
  };
  const entryOf = (kind: TransitionKind, to: Position) =>
    nextRecord("canary", recordOf(rolling(10)), plan(kind, to), confirmed, attribution).history.at(-1);

  test("says who did it, what vouches for the name, by which lane, and on whose word", () => {
    expect(entryOf("advance", rolling(30))).toMatchObject({
      actor: "ann",
      verifiedBy: "token",
      reason: "the shop is down",
      lane: "hotfix",
      approvals: [{ by: "bob", scope: "30" }],
      overrides: [{ gate: "slo", by: "eve", reason: "load test", expiresAt: at(500) }],
    });
  });

  test.each(["rollback", "correct"] as const)("of a %s names no signature: none was used", (kind) => {
    const to = kind === "rollback" ? rolledBack() : rolling(5);
    expect(entryOf(kind, to)).toMatchObject({ actor: "ann", approvals: [], overrides: [] });
  });

  test("comes back from the state as it was, also one of an earlier program, which nothing is added to", () => {
    const { verifiedBy, lane, approvals, overrides, ...earlier } = entryOf("advance", rolling(30))!;
    for (const entry of [{ ...earlier, verifiedBy, lane, approvals, overrides }, earlier]) {
      const kept = JSON.parse(JSON.stringify(recordOf(rolling(30), { history: [entry] })));
      expect(channelRecord.parse(kept)).toEqual(kept);
    }
  });
});

describe("what was completed here", () => {
  test("is what reached 100 %, when it did", () => {
    expect(versions(recordAfter(null, "install", steady()).completed)).toEqual(["1.0.0"]);
    expect(versions(recordAfter(recordOf(rolling(10)), "advance", rolling(30)).completed)).toEqual(["1.0.0"]);
    expect(recordAfter(recordOf(rolling(30)), "advance", completed()).completed.at(-1)).toEqual({
      version: "1.1.0",
      hash: next.hash,
      at: at(100),
    });
  });

  test("once, with the first time", () => {
    const done = recordAfter(recordOf(rolling(30)), "advance", completed());
    expect(recordAfter(done, "finalize", steady(next), { seconds: 200 }).completed).toEqual(done.completed);
  });

  test("and was not rolled back since", () => {
    const done = recordAfter(recordOf(rolling(30)), "advance", completed());
    expect(versions(recordAfter(done, "rollback", rolledBack()).completed)).toEqual(["1.0.0"]);
  });

  test("nor taken down by hand since", () => {
    const done = recordAfter(recordOf(rolling(30)), "advance", completed());
    expect(versions(recordAfter(done, "correct", rolling(0)).completed)).toEqual(["1.0.0"]);
  });

  test("a rollback of an overlay does not take back the release file it came with", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    const record = recordAfter(recordOf(rolling(10, relaid)), "rollback", rolledBack(relaid));
    expect(versions(record.completed)).toEqual(["1.0.0"]);
  });
});

describe("what was rejected here", () => {
  test("is a candidate that was rolled back, with attempt and reason", () => {
    const record = recordAfter(recordOf(rolling(10)), "rollback", rolledBack(), { reason: "errors" });
    expect(record.rejected).toEqual([
      { version: "1.1.0", hash: next.hash, attempt: 1, at: at(100), reason: "errors" },
    ]);
  });

  test("counts the attempt that was made, even if the configuration went back to an earlier one", () => {
    const record = recordAfter(recordOf(rolling(10), { attempt: 3 }), "rollback", rolledBack(), {
      attempt: 1,
    });
    expect(record.rejected).toMatchObject([{ attempt: 3 }]);
  });

  test("is listed once, however often the rollback is put right, and stays after the clean-up", () => {
    const back = recordAfter(recordOf(rolling(10)), "rollback", rolledBack());
    const corrected = recordAfter(back, "correct", rolledBack(), { seconds: 110 });
    const cleaned = recordAfter(corrected, "finalize", steady(), { seconds: 120 });
    expect(cleaned.rejected).toEqual(back.rejected);
  });

  test("is also a start that was killed with traffic and given up", () => {
    const record = recordAfter(recordOf(steady()), "rollback", rolledBack());
    expect(versions(record.rejected)).toEqual(["1.1.0"]);
  });

  test("is not what a third version replaced after it was completed", () => {
    const record = recordAfter(recordOf(completed()), "finalize", steady(next));
    expect(record.rejected).toEqual([]);
    expect(versions(recordAfter(record, "start", rolling(10, third, next)).rejected)).toEqual([]);
  });
});

describe("an overlay that came with a rollback", () => {
  test("is set aside, also after the clean-up, until something else is rolled out", () => {
    const relaid = aRelease("1.1.0", overlayOf("b"));
    const back = recordAfter(recordOf(rolling(10, relaid)), "rollback", rolledBack(relaid));
    expect(back.setAsideOverlay).toBe(relaid.overlayHash);
    const cleaned = recordAfter(back, "finalize", steady());
    expect(cleaned.setAsideOverlay).toBe(relaid.overlayHash);
    expect(recordAfter(cleaned, "correct", steady()).setAsideOverlay).toBe(relaid.overlayHash);
    expect(recordAfter(cleaned, "start", rolling(10)).setAsideOverlay).toBeNull();
  });
});

describe("a candidate taken down by hand", () => {
  test("is braked, and stays so through corrections, until it is advanced or rolled back", () => {
    const braked = recordAfter(recordOf(rolling(30)), "correct", rolling(5));
    expect(braked.braked).toBe(true);
    expect(recordAfter(braked, "correct", rolling(5)).braked).toBe(true);
    expect(recordAfter(braked, "advance", rolling(10)).braked).toBe(false);
    expect(recordAfter(braked, "rollback", rolledBack()).braked).toBe(false);
  });

  test("a share that is only put back to the record is not braked", () => {
    expect(recordAfter(recordOf(rolling(30)), "correct", rolling(30)).braked).toBe(false);
  });

  test("is braked too when the update that adopted it was killed and finished by the next", () => {
    expect(recordAfter(recordOf(rolling(30)), "resume", rolling(5)).braked).toBe(true);
  });
});

describe("what the state keeps", () => {
  test("comes back as it was, with the times of its migrations", () => {
    const image = `local/shop-migrate@sha256:${"d".repeat(64)}`;
    const file = aFile("1.1.0", apiAndWorker, {
      migrations: [{ id: "0001-orders", phase: "expand", image, deadline: "5m" }],
      reconciliation: { image, deadline: "90s" },
    });
    const release = resolveRelease(file, {});
    const [spec] = release.migrations;
    const run = {
      release: release.id,
      version: "1.1.0",
      direction: "up",
      attempt: 1,
      step: "before-traffic",
    };
    const record = recordOf(rolling(10, release), { migrations: [{ ...run, spec } as MigrationRun] });
    expect(spec?.deadline).toBe(300);
    expect(channelRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
  });

  test("comes back from JSON as it was", () => {
    for (const position of [steady(), rolling(10), completed(), rolledBack()]) {
      const record = recordAfter(recordOf(position), "correct", position);
      expect(channelRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
      const set = intentTo("advance", position);
      expect(intent.parse(JSON.parse(JSON.stringify(set)))).toEqual(set);
    }
  });

  test.each([
    ["a weight above 100", { weight: 101 }],
    ["a fraction of a percent", { weight: 10.5 }],
    ["another generation", { schema: 2 }],
    ["a time that is none", { since: "yesterday" }],
  ])("%s is not believed", (_, more) => {
    expect(channelRecord.safeParse({ ...recordOf(rolling(10)), ...more }).success).toBe(false);
  });

  test("both releases are kept whole: going back needs no file", () => {
    const record = channelRecord.parse(
      JSON.parse(JSON.stringify(recordAfter(recordOf(rolling(10)), "advance", rolling(30)))),
    );
    expect(record.baseline).toEqual(old);
    expect(record.candidate).toEqual(next);
  });
});
