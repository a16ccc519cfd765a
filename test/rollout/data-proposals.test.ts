import type { JobObservation } from "../../rollout/data-jobs";
import { decide } from "../../rollout/plan";
import type { Proposal, ProposeInput } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import type { Position } from "../../rollout/record";
import type { Release } from "../../rollout/release";
import { after, allPhases, before, jobOf, migrating, orders, runOf, turn, withData } from "./data";
import {
  at,
  completed,
  intentTo,
  liveAt,
  old,
  rolledBack,
  rolling,
  situation,
  sized,
  steady,
  wish,
} from "./releases";

const at30 = rolling(30, after, before);
const at100 = completed(after, before);
const soft = migrating("1.1.0", [orders, { ...turn, bothFormsWritten: true }]);
const third = migrating("1.2.0", [orders]);
const switchOf = (release: Release, attempt = 1) => runOf(release, "0004-turn", { attempt });

const brief = (proposal: Proposal): string => {
  if (proposal.kind === "none") return proposal.held ? "held" : "nothing";
  if (!("to" in proposal)) return proposal.kind;
  const { state, weight } = proposal.to;
  const kind = proposal.kind === "resume" ? `resume of ${proposal.underlying}` : proposal.kind;
  return `${kind} → ${state} ${weight} %`;
};

describe("going back over a switch", () => {
  const switched = { remembers: { migrations: [switchOf(after)] } };

  test.each([
    ["the baseline", before],
    ["a third version, while traffic is between the two", third],
  ])("is refused towards %s, with the way out", (_, wanted) => {
    const position = wanted === third ? at30 : at100;
    const proposal = propose(situation(position, wish(wanted), switched));
    expect(proposal).toMatchObject({
      kind: "refuse",
      why: expect.stringMatching(
        /1\.1\.0 has switched its data.*1\.0\.0 cannot rely on.*0004-turn.*restore/s,
      ),
    });
  });

  test("is possible as long as it has not run", () => {
    expect(brief(propose(situation(at30, wish(before))))).toBe("rollback → rolled-back 0 %");
  });

  test("is possible where the release goes on writing both forms", () => {
    const remembers = { migrations: [switchOf(soft)] };
    const input = situation(completed(soft, before), wish(before), { remembers });
    expect(brief(propose(input))).toBe("rollback → rolled-back 0 %");
  });

  test("is possible where the switch is the baseline's own, of another rollout", () => {
    const next = migrating("1.2.0", [orders, turn]);
    const baseline = migrating("1.1.0", [orders, turn]);
    const remembers = { migrations: [switchOf(baseline)] };
    const input = situation(completed(next, baseline), wish(baseline), { remembers });
    expect(brief(propose(input))).toBe("rollback → rolled-back 0 %");
  });

  test("a third version after completion makes the switched release the baseline", () => {
    expect(brief(propose(situation(at100, wish(third), switched)))).toBe("finalize → steady 0 %");
  });
});

describe("an update that was killed at its switch", () => {
  const killed = (
    wanted: Release,
    jobs: JobObservation[],
    { attempt = 1, live = at100, more = {} as Partial<ProposeInput> } = {},
  ) =>
    propose(
      situation(at30, wish(wanted), {
        intent: { ...intentTo("advance", at100), attempt },
        live: { ...liveAt(live), jobs },
        ...more,
      }),
    );

  const cutOff = jobOf(switchOf(after), "failed");
  const failed = { ...cutOff, endedByItself: true as const };

  test.each([
    ["runs", "running"],
    ["is complete", "complete"],
  ] as const)("cannot go back while its Job %s: the cluster is believed", (_, status) => {
    expect(killed(before, [jobOf(switchOf(after), status)]).kind).toBe("refuse");
  });

  test.each([
    ["was not begun", []],
    ["came to its end and failed, and so has changed nothing", [failed]],
    ["failed twice by itself", [failed, { ...failed, attempt: 2 }]],
  ])("can go back where its Job %s", (_, jobs) => {
    expect(brief(killed(before, jobs))).toBe("rollback → rolled-back 0 %");
  });

  test.each([
    ["was cut off", [cutOff]],
    [
      "was cut off, and then failed by itself: the first try may have done it",
      [cutOff, { ...failed, attempt: 2 }],
    ],
    ["was cut off the second time", [failed, { ...cutOff, attempt: 2 }]],
  ])("cannot go back where its Job %s, and says how to find out", (_, jobs) => {
    expect(killed(before, jobs)).toMatchObject({
      kind: "refuse",
      why: expect.stringMatching(/0004-turn was cut off.*pulumi config set version 1\.1\.0/),
    });
  });

  test("is known by the Job of a lower attempt too", () => {
    expect(killed(before, [jobOf(switchOf(after, 1))], { attempt: 2 }).kind).toBe("refuse");
  });

  test("and a second try counts for its first", () => {
    const jobs = [jobOf(switchOf(after), "failed"), jobOf(switchOf(after), "complete", 2)];
    expect(killed(before, jobs).kind).toBe("refuse");
  });

  const ran = [jobOf(switchOf(after))];

  test("is brought to its end without being judged: the recorded weights would serve the old form", () => {
    expect(brief(killed(after, ran))).toBe("resume of correct → completed 100 %");
  });

  test.each([
    ["held", "hold"],
    ["to stay at 30 %", 30],
  ] as const)("also where the channel is %s by now", (_, stage) => {
    const more = { desired: wish(after, { stage }) };
    expect(brief(killed(after, ran, { more }))).toBe("resume of correct → completed 100 %");
  });

  test("goes back to what is recorded where the switch was not begun and its gates have closed", () => {
    const proposal = killed(after, []);
    expect(brief(proposal)).toBe("resume of advance → completed 100 %");
    expect(proposal.kind === "resume" && brief(proposal.otherwise)).toBe("correct → rolling 30 %");
  });

  test("a share that a hand has taken from it meanwhile stays taken", () => {
    expect(brief(killed(after, ran, { live: rolling(0, after, before) }))).toBe("correct → rolling 0 %");
  });

  test("runs the same Job, and nothing besides it", () => {
    const proposal = killed(after, ran);
    const input = situation(at30, wish(after), {
      remembers: { migrations: [runOf(after, "0002-customers")] },
    });
    const decision = decide({
      proposal,
      verdicts: [],
      record: input.record,
      interrupted: true,
      live: { ...liveAt(at100), jobs: ran },
      attempt: 1,
      strictHold: false,
      capacity: sized({ api: 1, worker: 1 }),
      data: withData,
      id: "t3",
      now: at(70),
    });
    if (decision.outcome !== "go") throw new Error(decision.outcome);
    const due = decision.plan.data.migrations.filter((one) => one.due);
    expect(due.map(({ name }) => name)).toEqual(ran.map(({ run }) => run));
  });
});

describe("the rollback window", () => {
  test("is ended by a switch: the old release is of no use any more", () => {
    expect(brief(propose(situation(at100, wish(after))))).toBe("finalize → steady 0 %");
  });

  test("is not ended by one that leaves both forms written", () => {
    expect(brief(propose(situation(completed(soft, before), wish(soft))))).toBe("nothing");
  });
});

describe("the contract of a release that is alone", () => {
  const alone = (more: Partial<Parameters<typeof situation>[2]> = {}, desired = wish(after)) =>
    propose(situation(steady(after), desired, { now: at(600), ...more }));

  test("is an update of its own", () => {
    const proposal = alone();
    expect(brief(proposal)).toBe("finalize → steady 0 %");
    expect(proposal.why).toContain("0005-clear");
  });

  test("is not run twice", () => {
    expect(brief(alone({ remembers: { contracted: ["0005-clear"] } }))).toBe("nothing");
  });

  test("waits for the end of the rollback window, also where the old release was retired early", () => {
    const early = alone({ now: at(599) });
    expect(brief(early)).toBe("nothing");
    expect(early.why).toContain(`0005-clear waits until ${at(600)}`);
  });

  test("is held with the channel", () => {
    expect(brief(alone({}, wish(after, { stage: "hold" })))).toBe("held");
  });

  test("does not stand in the way of another version that brings no migration", () => {
    expect(brief(alone({}, wish(migrating("1.2.0", [orders]))))).toBe("start → rolling 10 %");
  });

  describe("and the migrations of the next release", () => {
    const next = migrating("1.2.0", [...allPhases, { id: "0006-notes", phase: "expand" }]);

    test("comes before them: a tool that applies what is before would run it with them", () => {
      const proposal = alone({}, wish(next));
      expect(brief(proposal)).toBe("finalize → steady 0 %");
      expect(proposal.why).toContain("1.2.0 brings 0006-notes, which comes after it");
    });

    test("holds them up until its time has come", () => {
      const early = alone({ now: at(599) }, wish(next));
      expect(brief(early)).toBe("held");
      expect(early.why).toMatch(/0005-clear waits until .*migrations\.order: independent/);
    });

    test.each([
      ["each is run alone", { migrationOrder: "independent" as const }],
      ["it has run", { remembers: { contracted: ["0005-clear"] } }],
    ])("does not where %s", (_, more) => {
      expect(brief(alone({ now: at(599), ...more }, wish(next)))).toBe("start → rolling 10 %");
    });
  });

  test("is nothing that a release without contracts has", () => {
    expect(brief(propose(situation(steady(old), wish(old), { now: at(600) })))).toBe("nothing");
  });

  const cut = (desired = wish(after)) => alone({ intent: intentTo("finalize", steady(after)) }, desired);

  test("that was killed is finished if its gates are open, and else given up", () => {
    const proposal = cut();
    expect(brief(proposal)).toBe("resume of finalize → steady 0 %");
    expect(proposal.kind === "resume" && brief(proposal.otherwise)).toBe("correct → steady 0 %");
  });

  test.each([
    ["the channel is held", wish(after, { stage: "hold" })],
    ["another version is to mend it", wish(third)],
  ])("that fails is given up where %s", (_, desired) => {
    expect(brief(cut(desired))).toBe("correct → steady 0 %");
  });

  test("clearing away a rollback is finished whatever is wished: nothing is decided by it", () => {
    const input = (position: Position) =>
      situation(position, wish(third), { intent: intentTo("finalize", steady(before)) });
    expect(brief(propose(input(rolledBack(after, before))))).toBe("resume of finalize → steady 0 %");
  });
});
