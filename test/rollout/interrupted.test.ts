import type { Proposal } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import type { Position, TransitionKind } from "../../rollout/record";
import {
  apiAndWorker,
  aRelease,
  completed,
  intentTo,
  liveAt,
  next,
  old,
  recordOf,
  rolledBack,
  rolling,
  situation,
  steady,
  third,
  wish,
} from "./releases";

/** An update that set out from `from` to `to` and was killed when the routes were as in `live`. */
function killed(
  kind: TransitionKind,
  from: Position,
  to: Position,
  live: Position,
  desired = wish(next),
): Proposal {
  return propose(situation(from, desired, { intent: intentTo(kind, to), live: liveAt(live) }));
}

const brief = (proposal: Proposal) =>
  "to" in proposal
    ? `${proposal.kind} → ${proposal.to.state} ${proposal.to.candidate?.version ?? proposal.to.baseline.version} ${proposal.to.weight} %`
    : proposal.kind;

describe("an update that was killed, with the same wish, is finished if its gates are open", () => {
  test.each([
    ["start", steady(), rolling(10), "correct → steady 1.0.0 0 %", "rollback → rolled-back 1.1.0 0 %"],
    ["advance", rolling(10), rolling(30), "correct → rolling 1.1.0 10 %", "correct → rolling 1.1.0 10 %"],
    ["advance", rolling(30), completed(), "correct → rolling 1.1.0 30 %", "correct → rolling 1.1.0 30 %"],
    [
      "finalize",
      completed(),
      steady(next),
      "correct → completed 1.1.0 100 %",
      "correct → completed 1.1.0 100 %",
    ],
  ] as const)("%s of %j", (kind, from, to, beforeRoutes, afterRoutes) => {
    for (const [live, otherwise] of [
      [from, beforeRoutes],
      [to, afterRoutes],
    ] as const) {
      const proposal = killed(kind, from, to, live);
      expect(proposal).toMatchObject({ kind: "resume", underlying: kind, to });
      if (proposal.kind === "resume") expect(brief(proposal.otherwise)).toBe(otherwise);
    }
  });

  test("removing a rejected candidate is always finished, whatever is wished", () => {
    for (const desired of [wish(old), wish(next), wish(third), wish(next, { stage: "hold" })]) {
      expect(killed("finalize", rolledBack(), steady(), steady(), desired)).toMatchObject({
        kind: "resume",
        underlying: "finalize",
        to: steady(),
      });
    }
  });

  test("an interrupted rollback is a rollback again, not something to be judged", () => {
    for (const from of [rolling(10), rolling(30), completed()]) {
      for (const live of [from, rolledBack()]) {
        expect(brief(killed("rollback", from, rolledBack(), live, wish(old)))).toBe(
          "rollback → rolled-back 1.1.0 0 %",
        );
      }
    }
  });
});

describe("an update that was killed, with another wish, is given up", () => {
  test.each([
    [
      "start, the old version is wanted, nothing moved",
      "start",
      steady(),
      rolling(10),
      steady(),
      wish(old),
      "correct → steady 1.0.0 0 %",
    ],
    [
      "start, the old version is wanted, traffic moved",
      "start",
      steady(),
      rolling(10),
      rolling(10),
      wish(old),
      "rollback → rolled-back 1.1.0 0 %",
    ],
    [
      "start, a third version is wanted, traffic moved",
      "start",
      steady(),
      rolling(10),
      rolling(10),
      wish(third),
      "rollback → rolled-back 1.1.0 0 %",
    ],
    [
      "start, on hold, nothing moved",
      "start",
      steady(),
      rolling(10),
      steady(),
      wish(next, { stage: "hold" }),
      "correct → steady 1.0.0 0 %",
    ],
    [
      "advance, on hold",
      "advance",
      rolling(10),
      rolling(30),
      rolling(30),
      wish(next, { stage: "hold" }),
      "correct → rolling 1.1.0 10 %",
    ],
    [
      "advance above the stage that is set now",
      "advance",
      rolling(10),
      rolling(30),
      rolling(30),
      wish(next, { stage: 10 }),
      "correct → rolling 1.1.0 10 %",
    ],
    [
      "advance, the old version is wanted",
      "advance",
      rolling(10),
      rolling(30),
      rolling(30),
      wish(old),
      "rollback → rolled-back 1.1.0 0 %",
    ],
    [
      "advance, a third version is wanted",
      "advance",
      rolling(10),
      rolling(30),
      rolling(30),
      wish(third),
      "rollback → rolled-back 1.1.0 0 %",
    ],
    [
      "finalize, the old version is wanted",
      "finalize",
      completed(),
      steady(next),
      steady(next),
      wish(old),
      "rollback → rolled-back 1.1.0 0 %",
    ],
    [
      "finalize, on hold",
      "finalize",
      completed(),
      steady(next),
      steady(next),
      wish(next, { stage: "hold" }),
      "correct → completed 1.1.0 100 %",
    ],
    [
      "finalize, a third version is wanted",
      "finalize",
      completed(),
      steady(next),
      steady(next),
      wish(third),
      "correct → completed 1.1.0 100 %",
    ],
    [
      "rollback after traffic moved, the candidate is wanted again",
      "rollback",
      rolling(30),
      rolledBack(),
      rolledBack(),
      wish(next),
      "correct → rolling 1.1.0 0 %",
    ],
    [
      "rollback before traffic moved, the candidate is wanted again",
      "rollback",
      rolling(30),
      rolledBack(),
      rolling(30),
      wish(next),
      "correct → rolling 1.1.0 30 %",
    ],
  ] as const)("%s", (_, kind, from, to, live, desired, expected) => {
    expect(brief(killed(kind, from, to, live, desired))).toBe(expected);
  });

  test("one service's route was written, the other's not: traffic had moved", () => {
    const front = { ...apiAndWorker, web: apiAndWorker.api };
    const [base, candidate] = [aRelease("1.0.0", {}, front), aRelease("1.1.0", {}, front)];
    const routes = { ...liveAt(steady(base)).routes, api: { [base.id]: 90, [candidate.id]: 10 } };
    const proposal = propose(
      situation(steady(base), wish(base), {
        intent: intentTo("start", rolling(10, candidate, base)),
        live: { routes, mirror: null, jobs: [] },
      }),
    );
    expect(brief(proposal)).toBe("rollback → rolled-back 1.1.0 0 %");
  });

  test("a release file edited meanwhile is another wish", () => {
    const edited = aRelease("1.1.0", {}, { api: apiAndWorker.api });
    expect(brief(killed("start", steady(), rolling(10), rolling(10), wish(edited)))).toBe(
      "rollback → rolled-back 1.1.0 0 %",
    );
  });
});

describe("an intent whose update got to its end", () => {
  test("is not taken up again", () => {
    const input = situation(rolling(10), wish(next), { record: recordOf(rolling(10)) });
    expect(brief(propose(input))).toBe("advance → rolling 1.1.0 30 %");
  });
});

describe("an update that finished another's work, and was killed in its turn", () => {
  test("is judged by the gates of what it finishes: no share rises unjudged", () => {
    const proposal = killed("resume", rolling(10), rolling(30), rolling(10));
    expect(proposal).toMatchObject({ kind: "resume", underlying: "advance" });
  });
});

describe("a hand on the brake while an update was left unfinished", () => {
  test("the candidate is not taken up to the unfinished target again", () => {
    const proposal = killed("advance", rolling(10), rolling(30), rolling(0));
    expect(brief(proposal)).toBe("correct → rolling 1.1.0 0 %");
  });

  test("the old release is not deleted by the update that gives the new one its traffic back", () => {
    const proposal = killed("finalize", completed(), steady(next), rolling(0));
    expect(brief(proposal)).toBe("correct → rolling 1.1.0 0 %");
  });

  test("a candidate that had only just begun is rolled back and not begun again", () => {
    expect(brief(killed("start", steady(), rolling(10), rolling(0)))).toBe(
      "rollback → rolled-back 1.1.0 0 %",
    );
  });

  test("a start that was being given up is given up, and not begun again", () => {
    const proposal = killed("rollback", steady(), rolledBack(), rolledBack(), wish(next));
    expect(brief(proposal)).toBe("rollback → rolled-back 1.1.0 0 %");
  });

  test("an unfinished correction is made anew from what is live, not finished", () => {
    const proposal = killed("correct", rolling(30), rolling(10), rolling(2));
    expect(brief(proposal)).toBe("correct → rolling 1.1.0 2 %");
  });
});
