import type { Proposal } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import type { Position } from "../../rollout/record";
import {
  apiAndWorker,
  aRelease,
  at,
  completed,
  intentTo,
  liveAt,
  next,
  nothingLive,
  old,
  overlayOf,
  recordOf,
  rolledBack,
  rolling,
  situation,
  steady,
  third,
  twoFrontsAndWorker,
  wish,
} from "./releases";

/** Kind and target of a proposal, short enough for a table. */
function short(proposal: Proposal): string {
  if (proposal.kind === "none") return proposal.held ? "held" : "nothing";
  if (proposal.kind === "refuse") return "refuse";
  return `${proposal.kind} → ${shortPosition(proposal.to)}`;
}

function shortPosition({ state, baseline, candidate, weight }: Position): string {
  return candidate === null
    ? `${state} ${baseline.version}`
    : `${state} ${baseline.version}/${candidate.version} ${weight} %`;
}

describe("the first update of a channel", () => {
  test("installs the wanted release, alone", () => {
    expect(short(propose(situation(null, wish(old))))).toBe("install → steady 1.0.0");
  });

  test("is refused without a release file", () => {
    const proposal = propose(situation(null, wish(old, { release: null })));
    expect(proposal).toMatchObject({ kind: "refuse", why: expect.stringContaining("1.0.0") });
  });

  test("that was interrupted is simply made again", () => {
    const input = situation(null, wish(old), {
      intent: intentTo("install", steady()),
      live: liveAt(steady()),
    });
    expect(short(propose(input))).toBe("install → steady 1.0.0");
  });
});

describe("a first update that got its route, but never an answer that names the release", () => {
  const begun = { intent: intentTo("install", steady()), live: liveAt(steady()) };

  test.each([
    ["the file, mended", aRelease("1.0.0", {}, { api: apiAndWorker.api })],
    ["a mended version", next],
  ])("can be repaired with %s: nothing of it has been confirmed", (_, mended) => {
    const proposal = propose(situation(null, wish(mended), begun));
    expect(short(proposal)).toBe(`install → steady ${mended.version}`);
  });
});

describe("what a channel does next", () => {
  test.each([
    ["nothing, when the wanted release is live", steady(), wish(old), "nothing"],
    ["starts another version at the first stage", steady(), wish(next), "start → rolling 1.0.0/1.1.0 10 %"],
    ["advances one stage", rolling(10), wish(next), "advance → rolling 1.0.0/1.1.0 30 %"],
    ["completes at the last stage", rolling(30), wish(next), "advance → completed 1.0.0/1.1.0 100 %"],
    ["goes on from a weight between stages", rolling(17), wish(next), "advance → rolling 1.0.0/1.1.0 30 %"],
    ["keeps the baseline ready within the rollback window", completed(), wish(next), "nothing"],
    ["rolls back at 10 %", rolling(10), wish(old), "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    ["rolls back at 30 %", rolling(30), wish(old), "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    ["rolls back at 100 %", completed(), wish(old), "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    ["rolls back before a third version", rolling(30), wish(third), "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    [
      "makes the completed release the baseline early for a third version",
      completed(),
      wish(third),
      "finalize → steady 1.1.0",
    ],
    ["removes a candidate that was rolled back", rolledBack(), wish(old), "finalize → steady 1.0.0"],
    ["removes it even if it is asked for again", rolledBack(), wish(next), "finalize → steady 1.0.0"],
    ["removes it before a third version", rolledBack(), wish(third), "finalize → steady 1.0.0"],
  ])("%s", (_, position, desired, expected) => {
    expect(short(propose(situation(position, desired)))).toBe(expected);
  });

  test("retires the baseline once the rollback window is over", () => {
    const inWindow = situation(completed(), wish(next), { now: at(599) });
    expect(short(propose(inWindow))).toBe("nothing");
    expect(propose(inWindow)).toMatchObject({ why: expect.stringContaining(at(600)) });
    expect(short(propose({ ...inWindow, now: at(600) }))).toBe("finalize → steady 1.1.0");
  });

  test("rolls back without the release file of the baseline", () => {
    expect(short(propose(situation(rolling(30), wish(old, { release: null }))))).toBe(
      "rollback → rolled-back 1.0.0/1.1.0 0 %",
    );
  });

  test("does nothing where only the file of the live release is gone", () => {
    expect(short(propose(situation(steady(), wish(old, { release: null }))))).toBe("nothing");
  });

  test("says so where a new overlay cannot be rolled out without it", () => {
    const unreadable = wish(aRelease("1.0.0", overlayOf("b")), { release: null });
    expect(short(propose(situation(steady(), unreadable)))).not.toBe("nothing");
  });

  test("refuses a version without a file", () => {
    const proposal = propose(situation(steady(), wish(next, { release: null })));
    expect(proposal).toEqual({ kind: "refuse", why: expect.stringContaining("1.1.0") });
  });
});

describe("the stage a person sets", () => {
  test.each([
    ["hold starts nothing", steady(), wish(next, { stage: "hold" }), "held"],
    ["hold advances nothing", rolling(10), wish(next, { stage: "hold" }), "held"],
    ["hold retires nothing", completed(), wish(next, { stage: "hold" }), "held"],
    [
      "hold does not hold up a rollback",
      rolling(30),
      wish(old, { stage: "hold" }),
      "rollback → rolled-back 1.0.0/1.1.0 0 %",
    ],
    [
      "a number starts at the first stage, not at the number",
      steady(),
      wish(next, { stage: 30 }),
      "start → rolling 1.0.0/1.1.0 10 %",
    ],
    [
      "a number is advanced to step by step",
      rolling(10),
      wish(next, { stage: 30 }),
      "advance → rolling 1.0.0/1.1.0 30 %",
    ],
    ["at the number it stays", rolling(30), wish(next, { stage: 30 }), "nothing"],
    ["a number between stages is not exceeded", rolling(10), wish(next, { stage: 29 }), "nothing"],
    ["100 completes", rolling(30), wish(next, { stage: 100 }), "advance → completed 1.0.0/1.1.0 100 %"],
    ["a number below the weight is refused", rolling(30), wish(next, { stage: 10 }), "refuse"],
    ["also after completion", completed(), wish(next, { stage: 30 }), "refuse"],
    [
      "a number does not hold up a rollback",
      completed(),
      wish(old, { stage: 30 }),
      "rollback → rolled-back 1.0.0/1.1.0 0 %",
    ],
    [
      "a number left over is no matter when nothing rolls",
      steady(next),
      wish(next, { stage: 30 }),
      "nothing",
    ],
  ])("%s", (_, position, desired, expected) => {
    expect(short(propose(situation(position, desired)))).toBe(expected);
  });

  test.each([rolling(30), completed()])("the refusal to go down names the rollback", (position) => {
    expect(propose(situation(position, wish(next, { stage: 10 })))).toMatchObject({
      kind: "refuse",
      why: expect.stringMatching(/rolling back: pulumi config set version 1\.0\.0/),
    });
  });

  test("a number below the first stage starts nothing: no share above what was asked for", () => {
    expect(["nothing", "held", "refuse"]).toContain(
      short(propose(situation(steady(), wish(next, { stage: 5 })))),
    );
  });
});

describe("a release that was rolled back", () => {
  const rejected = { version: next.version, hash: next.hash, attempt: 1, at: at(0), reason: null };
  const retried = (attempt: number, rejectedAttempt = 1) =>
    situation(steady(), wish(next, { attempt }), {
      remembers: { rejected: [{ ...rejected, attempt: rejectedAttempt }] },
    });

  test("is not started again by itself; the way out is named", () => {
    expect(short(propose(retried(1)))).toBe("held");
    expect(propose(retried(1))).toMatchObject({
      why: expect.stringContaining("pulumi config set attempt 2"),
    });
    expect(short(propose(retried(2, 2)))).toBe("held");
  });

  test("is started when the attempt is raised", () => {
    expect(short(propose(retried(2)))).toBe("start → rolling 1.0.0/1.1.0 10 %");
  });

  test("does not stand in the way of another version; its own file stays as it was", () => {
    const remembers = { rejected: [rejected] };
    expect(short(propose(situation(steady(), wish(third), { remembers })))).toBe(
      "start → rolling 1.0.0/1.2.0 10 %",
    );
    const otherFile = aRelease("1.1.0", {}, { api: apiAndWorker.api });
    for (const attempt of [1, 2]) {
      expect(propose(situation(steady(), wish(otherFile, { attempt }), { remembers }))).toMatchObject({
        kind: "refuse",
        why: expect.stringContaining("the release file of 1.1.0 was edited"),
      });
    }
  });
});

describe("weights that differ from the record", () => {
  const at30 = (live: Record<string, Record<string, number>>, more = {}) =>
    propose(situation(rolling(30), wish(next), { live: { routes: live, mirror: null, jobs: [] }, ...more }));

  test("lowered by hand: adopted", () => {
    const proposal = at30({ api: { [old.id]: 95, [next.id]: 5 } });
    expect(short(proposal)).toBe("correct → rolling 1.0.0/1.1.0 5 %");
    expect(proposal).toMatchObject({ why: expect.stringContaining("adopted") });
    expect(short(at30({ api: { [old.id]: 100, [next.id]: 0 } }))).toBe("correct → rolling 1.0.0/1.1.0 0 %");
    expect(short(at30({ api: { [old.id]: 100 } }))).toBe("correct → rolling 1.0.0/1.1.0 0 %");
  });

  test("fractions are adopted downwards", () => {
    expect(short(at30({ api: { [old.id]: 93.5, [next.id]: 6.5 } }))).toBe(
      "correct → rolling 1.0.0/1.1.0 6 %",
    );
  });

  test("raised by hand: put back to the record", () => {
    expect(short(at30({ api: { [old.id]: 20, [next.id]: 80 } }))).toBe("correct → rolling 1.0.0/1.1.0 30 %");
    expect(short(propose(situation(rolledBack(), wish(old), { live: liveAt(rolling(40)) })))).toBe(
      "correct → rolled-back 1.0.0/1.1.0 0 %",
    );
    expect(short(propose(situation(steady(), wish(old), { live: liveAt(rolling(40)) })))).toBe(
      "correct → steady 1.0.0",
    );
  });

  test("a completed release that was lowered by hand is rolling again", () => {
    expect(short(propose(situation(completed(), wish(next), { live: liveAt(rolling(10)) })))).toBe(
      "correct → rolling 1.0.0/1.1.0 10 %",
    );
  });

  test("services that differ among themselves: the lowest counts", () => {
    const base = aRelease("1.0.0", {}, twoFrontsAndWorker);
    const candidate = aRelease("1.1.0", {}, twoFrontsAndWorker);
    const position = rolling(30, candidate, base);
    const live = liveAt(position);
    const routes = { ...live.routes, web: { [base.id]: 92, [candidate.id]: 8 } };
    expect(short(propose(situation(position, wish(candidate), { live: { ...live, routes } })))).toBe(
      "correct → rolling 1.0.0/1.1.0 8 %",
    );
  });

  test("a route that is gone is put back", () => {
    expect(short(at30({}))).toBe("correct → rolling 1.0.0/1.1.0 30 %");
    expect(short(propose(situation(steady(), wish(old), { live: nothingLive })))).toBe(
      "correct → steady 1.0.0",
    );
  });

  test("strangers with a share are put out; a stranger without one is of no concern", () => {
    expect(short(at30({ api: { [old.id]: 60, [next.id]: 30, other: 10 } }))).toBe(
      "correct → rolling 1.0.0/1.1.0 30 %",
    );
    expect(
      short(
        propose(
          situation(steady(), wish(old), {
            live: { routes: { api: { other: 100 } }, mirror: null, jobs: [] },
          }),
        ),
      ),
    ).toBe("correct → steady 1.0.0");
    expect(short(at30({ api: { [old.id]: 70, [next.id]: 30, other: 0 } }))).toMatch(/^advance/);
  });

  test("come before anything that was asked for, except a rollback", () => {
    const live = liveAt(rolling(90));
    expect(short(propose(situation(steady(), wish(next), { live })))).toMatch(/^correct/);
    expect(short(propose(situation(rolling(10), wish(next, { stage: "hold" }), { live })))).toMatch(
      /^correct/,
    );
    expect(short(propose(situation(rolling(10), wish(old), { live })))).toMatch(/^rollback/);
  });

  test("a hand that took the candidate down is respected until the attempt is raised", () => {
    const braked = (attempt: number) =>
      propose(situation(rolling(5), wish(next, { attempt }), { remembers: { braked: true } }));
    expect(short(braked(1))).toBe("held");
    expect(braked(1)).toMatchObject({
      why: expect.stringMatching(/by hand.*config set attempt 2.*config set version 1\.0\.0/),
    });
    expect(short(braked(2))).toBe("advance → rolling 1.0.0/1.1.0 10 %");
  });

  test.each([
    ["the only release has no share", { api: { [old.id]: 0 } }],
    ["the route has no backends", { api: {} }],
  ])("an outage by hand is put right: %s", (_, routes) => {
    expect(short(propose(situation(steady(), wish(old), { live: { routes, mirror: null, jobs: [] } })))).toBe(
      "correct → steady 1.0.0",
    );
  });
});

describe("a service that only one of the two releases has", () => {
  const withWeb = aRelease("1.1.0", {}, twoFrontsAndWorker);

  test("added by the candidate: its route is the candidate's alone, which is no drift", () => {
    expect(short(propose(situation(rolling(10, withWeb), wish(withWeb))))).toBe(
      "advance → rolling 1.0.0/1.1.0 30 %",
    );
  });

  test("dropped by the candidate: its route stays the baseline's, which is no brake", () => {
    const base = aRelease("1.0.0", {}, twoFrontsAndWorker);
    expect(short(propose(situation(rolling(10, next, base), wish(next))))).toBe(
      "advance → rolling 1.0.0/1.1.0 30 %",
    );
  });
});

describe("a route that bears the channel's labels, and is of no service of its releases", () => {
  test("does not make every update a correction that changes nothing", () => {
    const routes = { ...liveAt(rolling(10)).routes, cart: { other: 100 } };
    const corrected = situation(rolling(10), wish(next), {
      live: { routes, mirror: null, jobs: [] },
      remembers: { transition: { id: "t2", kind: "correct", at: at(0) } },
      intent: intentTo("correct", rolling(10), "t2"),
    });
    expect(short(propose(corrected))).not.toMatch(/^correct/);
  });
});

describe("memory that was lost", () => {
  test.each([
    ["routes are live, and there is no record", { live: liveAt(steady()) }],
    [
      "there is a mirror, and no record",
      { live: { routes: {}, mirror: { transition: "t9", at: at(9) }, jobs: [] } },
    ],
    [
      "there is a mirror, and only an intent",
      { intent: intentTo("install", steady()), live: liveAt(steady(), { transition: "t9", at: at(9) }) },
    ],
  ])("%s", (_, more) => {
    expect(propose(situation(null, wish(old), more))).toMatchObject({
      kind: "refuse",
      why: expect.stringContaining("pulumi stack import"),
    });
  });

  test("the mirror is newer than the record: refused, even a rollback", () => {
    const live = liveAt(rolling(10), { transition: "t9", at: at(1) });
    for (const desired of [wish(next), wish(old)]) {
      expect(propose(situation(rolling(10), desired, { live }))).toMatchObject({
        kind: "refuse",
        why: expect.stringContaining("t9"),
      });
    }
  });

  test("a mirror of a transition that the record remembers is older, whatever its clock said", () => {
    const mirror = { transition: "t0", at: at(30) };
    const entry = {
      transition: { id: "t0", kind: "start" as const, at: at(30) },
      from: { version: "1.0.0", weight: 100 },
      to: { version: "1.1.0", weight: 10 },
      actor: "ann",
      reason: null,
    };
    const input = situation(rolling(30), wish(next), {
      remembers: { history: [entry] },
      live: liveAt(rolling(30), mirror),
    });
    expect(short(propose(input))).toMatch(/^advance/);
  });

  test("a mirror that is as old as the record, or older, is none", () => {
    for (const seconds of [0, -10]) {
      const live = liveAt(rolling(10), { transition: "t0", at: at(seconds) });
      expect(short(propose(situation(rolling(10), wish(next), { live })))).toMatch(/^advance/);
    }
  });
});

describe("a release file or overlay that is edited", () => {
  const edited = aRelease("1.1.0", {}, { ...apiAndWorker, api: { ...apiAndWorker.api, env: { A: "1" } } });
  const editedOld = aRelease("1.0.0", {}, { ...apiAndWorker, api: { ...apiAndWorker.api, env: { A: "1" } } });

  test.each([
    ["during the rollout", rolling(10), edited],
    ["after completion", completed(), edited],
    ["of the live release", steady(), editedOld],
  ])("the file, %s: refused", (_, position, release) => {
    expect(propose(situation(position, wish(release)))).toMatchObject({
      kind: "refuse",
      why: expect.stringMatching(/edited.*Restore it/),
    });
  });

  test("going back is not held up by an edited file of the baseline", () => {
    expect(short(propose(situation(rolling(10), wish(editedOld))))).toMatch(/^rollback/);
  });

  test("an overlay edited during the rollout of another version is refused", () => {
    const relaid = aRelease("1.1.0", overlayOf("b"));
    expect(propose(situation(rolling(10), wish(relaid)))).toMatchObject({
      kind: "refuse",
      why: expect.stringContaining("overlay"),
    });
  });

  test("a new overlay rolls out like a new version", () => {
    expect(short(propose(situation(steady(), wish(aRelease("1.0.0", overlayOf("b"))))))).toBe(
      "start → rolling 1.0.0/1.0.0 10 %",
    );
  });

  test("and is rolled back by restoring the old one", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    for (const position of [rolling(10, relaid), completed(relaid)]) {
      const proposal = propose(situation(position, wish(old)));
      expect(proposal).toMatchObject({ kind: "rollback", to: { baseline: { id: old.id }, weight: 0 } });
    }
  });

  test("once it has all traffic, a further one makes it the baseline first, and takes nothing back", () => {
    const [relaid, another] = [aRelease("1.0.0", overlayOf("b")), aRelease("1.0.0", overlayOf("c"))];
    expect(propose(situation(completed(relaid), wish(another)))).toMatchObject({
      kind: "finalize",
      to: { baseline: { id: relaid.id } },
    });
    expect(propose(situation(completed(relaid), wish(another, { release: null }))).kind).toBe("refuse");
  });

  test("an overlay set aside by a rollback does not start by itself", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    const remembers = { setAsideOverlay: relaid.overlayHash };
    expect(short(propose(situation(steady(), wish(relaid), { remembers })))).toBe("nothing");
    const another = aRelease("1.0.0", overlayOf("c"));
    expect(short(propose(situation(steady(), wish(another), { remembers })))).toMatch(/^start/);
    const newVersion = aRelease("1.1.0", overlayOf("b"));
    expect(short(propose(situation(steady(), wish(newVersion), { remembers })))).toMatch(/^start/);
  });

  test("a file that cannot be read for a moment does not roll back the rollout of an overlay", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    const unreadable = wish(relaid, { release: null });
    expect(short(propose(situation(rolling(10, relaid), unreadable)))).not.toMatch(/^rollback/);
  });

  test("nor does a file that was edited: it is refused, as for any rollout", () => {
    const relaid = aRelease("1.0.0", overlayOf("b"));
    const editedToo = aRelease("1.0.0", overlayOf("b"), { api: apiAndWorker.api });
    expect(short(propose(situation(rolling(10, relaid), wish(editedToo))))).toBe("refuse");
  });
});

describe("what the record keeps of a wish that is refused", () => {
  test("a refused proposal has no target", () => {
    const proposal = propose(situation(rolling(30), wish(next, { stage: 10 })));
    expect(proposal).not.toHaveProperty("to");
  });

  test("the record itself is never touched by proposing", () => {
    const record = Object.freeze(recordOf(rolling(30)));
    const before = structuredClone(record);
    propose(situation(rolling(30), wish(old), { record }));
    expect(record).toEqual(before);
  });
});

describe("where nobody can say what the live weights are", () => {
  const live = { ...nothingLive, unread: "the command is away" };
  const asked = (from: Position | null, wanted = next, more: Parameters<typeof situation>[2] = {}) =>
    short(propose(situation(from, wish(wanted), { live, ...more })));

  test.each<[string, Position | null, typeof next, string]>([
    ["a rollout waits", rolling(10), next, "held"],
    ["and so does its end", completed(), next, "held"],
    ["it goes back all the same", rolling(10), old, "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    ["also from all of it", completed(), old, "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    ["what was rolled back is not cleared away yet", rolledBack(), old, "held"],
    ["one release alone has nothing to put right", steady(), old, "nothing"],
    ["the gates are asked of a beginning", steady(), next, "start → rolling 1.0.0/1.1.0 10 %"],
    ["and of an installation", null, old, "install → steady 1.0.0"],
  ])("%s", (_, from, wanted, expected) => {
    expect(asked(from, wanted)).toBe(expected);
  });

  test("an unfinished raise is neither finished nor taken back, and that is an error", () => {
    const intent = intentTo("advance", rolling(30));
    expect(asked(rolling(10), next, { intent })).toBe("refuse");
    expect(asked(rolling(10), old, { intent })).toContain("rollback");
  });

  test.each<[string, object, typeof next, string]>([
    ["is neither finished nor taken away", {}, next, "refuse"],
    ["also where its rollout is held", { stage: "hold" }, next, "refuse"],
    [
      "goes back, and keeps its pods, where it is set back",
      {},
      old,
      "rollback → rolled-back 1.0.0/1.1.0 0 %",
    ],
    ["or where something else is asked for", {}, third, "rollback → rolled-back 1.0.0/1.1.0 0 %"],
  ])("an unfinished beginning that may have traffic %s", (_, more, wanted, expected) => {
    const intent = intentTo("start", rolling(10));
    expect(short(propose(situation(steady(), wish(wanted, more), { intent, live })))).toBe(expected);
  });

  test("what was on its way back goes on", () => {
    const intent = intentTo("rollback", rolledBack());
    expect(asked(steady(), old, { intent })).toBe("resume → rolled-back 1.0.0/1.1.0 0 %");
  });
});

describe("where nobody can say whose autoscalers there are", () => {
  test.each<[Position | null, typeof next, string]>([
    [null, old, "refuse"],
    [steady(), old, "refuse"],
    [steady(), next, "refuse"],
    [rolling(10), next, "refuse"],
    [completed(), next, "refuse"],
    [rolling(10), old, "rollback → rolled-back 1.0.0/1.1.0 0 %"],
    [completed(), old, "rollback → rolled-back 1.0.0/1.1.0 0 %"],
  ])("only going back is done (%#)", (from, wanted, expected) => {
    const live = { ...(from === null ? nothingLive : liveAt(from)), autoscalersUnread: "it is forbidden" };
    expect(short(propose(situation(from, wish(wanted), { live })))).toBe(expected);
  });
});
