import {
  type DecideInput,
  type Decision,
  decide,
  intentOf,
  type Plan,
  routedServices,
  routeWeights,
} from "../../rollout/plan";
import type { Proposal } from "../../rollout/proposal";
import type { Position } from "../../rollout/record";
import type { Verdict, VerdictStatus } from "../../rollout/verdict";
import {
  aRelease,
  at,
  completed,
  intentTo,
  liveAt,
  next,
  old,
  recordOf,
  rolledBack,
  rolling,
  sized,
  steady,
  twoFrontsAndWorker,
  withoutData,
} from "./releases";

const gate = (status: VerdictStatus, name = "slo"): Verdict => ({
  gate: name,
  status,
  reason: `it ${status}s`,
});

function input(proposal: Proposal, from: Position | null, more: Partial<DecideInput> = {}): DecideInput {
  return {
    proposal,
    verdicts: [],
    record: from === null ? null : recordOf(from),
    interrupted: false,
    live: from === null ? { routes: {}, mirror: null, jobs: [] } : liveAt(from),
    attempt: 1,
    strictHold: false,
    capacity: sized({ api: 10, worker: 10, web: 10 }),
    data: withoutData,
    id: "t2",
    now: at(60),
    ...more,
  };
}

const advance: Proposal = { kind: "advance", to: rolling(30), why: "1.1.0 has 10 %" };

function planned(decision: Decision): Plan {
  if (decision.outcome === "blocked" || decision.plan === null) throw new Error("no plan was made");
  return decision.plan;
}

/** `release direction share %: replicas of api, replicas of worker`, rising ones first. */
function sides(
  from: Position | null,
  to: Position,
  kind: "advance" | "rollback" = "advance",
  live = from,
): string[] {
  const proposal: Proposal = { kind, to, why: "" };
  const more = live === null ? {} : { live: liveAt(live) };
  return planned(decide(input(proposal, from, more)))
    .releases.map(
      ({ release, direction, share, services }) =>
        `${release.version} ${direction} ${share} %: ${services.map(({ replicas }) => replicas).join(", ")}`,
    )
    .sort();
}

describe("what the gates decide", () => {
  test("all open, or with nothing to say: the transition is made", () => {
    const verdicts = [gate("pass"), gate("skipped")];
    expect(decide(input(advance, rolling(10), { verdicts, attempt: 3 }))).toMatchObject({
      outcome: "go",
      plan: {
        transition: { id: "t2", kind: "advance", startedAt: at(60), attempt: 3 },
        from: rolling(10),
        to: rolling(30),
      },
    });
  });

  test("one fails: blocked, with every failure's reason, and without a plan", () => {
    const verdicts = [gate("hold"), gate("fail"), gate("fail", "semver"), gate("pass")];
    const decision = decide(input(advance, rolling(10), { verdicts }));
    expect(decision).toEqual({ outcome: "blocked", reasons: ["slo: it fails", "semver: it fails"] });
  });

  test("one holds: what is recorded is reconciled, and nothing advances", () => {
    const decision = decide(input(advance, rolling(10), { verdicts: [gate("pass"), gate("hold")] }));
    expect(decision).toMatchObject({
      outcome: "hold",
      reasons: ["slo: it holds"],
      plan: { transition: null, to: rolling(10) },
    });
  });

  test("with strictHold a hold blocks", () => {
    const decision = decide(input(advance, rolling(10), { verdicts: [gate("hold")], strictHold: true }));
    expect(decision).toEqual({ outcome: "blocked", reasons: ["slo: it holds"] });
  });

  test("a first install that is held registers nothing", () => {
    const install: Proposal = { kind: "install", to: steady(), why: "" };
    expect(decide(input(install, null, { verdicts: [gate("hold")] }))).toEqual({
      outcome: "hold",
      plan: null,
      reasons: ["slo: it holds"],
    });
  });

  test("unless a killed one has left objects, which registering nothing would delete", () => {
    const install: Proposal = { kind: "install", to: steady(), why: "" };
    const decision = decide(input(install, null, { verdicts: [gate("hold")], interrupted: true }));
    expect(decision.outcome).toBe("blocked");
  });

  test("a wish that cannot be right is blocked, with the reason", () => {
    expect(decide(input({ kind: "refuse", why: "no" }, rolling(10)))).toEqual({
      outcome: "blocked",
      reasons: ["no"],
    });
  });

  test("nothing to do is a success; waiting for something is a hold", () => {
    const nothing: Proposal = { kind: "none", why: "it is live", held: false };
    const waiting: Proposal = { kind: "none", why: "stage is `hold`", held: true };
    expect(decide(input(nothing, steady(), { strictHold: true })).outcome).toBe("go");
    expect(decide(input(waiting, steady()))).toMatchObject({ outcome: "hold", reasons: ["stage is `hold`"] });
    expect(decide(input(waiting, steady(), { strictHold: true })).outcome).toBe("blocked");
  });
});

describe("an unfinished transition", () => {
  const otherwise: Proposal = { kind: "correct", to: rolling(10), why: "given up" };
  const resume: Proposal = {
    kind: "resume",
    underlying: "advance",
    to: rolling(30),
    why: "killed",
    otherwise,
  };

  test("is finished while its gates are open", () => {
    const decision = decide(input(resume, rolling(10), { verdicts: [gate("pass")], interrupted: true }));
    expect(decision).toMatchObject({
      outcome: "go",
      plan: { transition: { kind: "resume" }, to: rolling(30) },
    });
  });

  test.each(["fail", "hold"] as const)("is given up, not blocked, when a gate says %s", (status) => {
    for (const strictHold of [false, true]) {
      const decision = decide(
        input(resume, rolling(10), { verdicts: [gate(status)], interrupted: true, strictHold }),
      );
      expect(decision).toMatchObject({
        outcome: "go",
        plan: { transition: { kind: "correct" }, to: rolling(10) },
      });
    }
  });
});

describe("the capacity of each side", () => {
  test("the rising side is ready first, and has what its share needs; the baseline of an HTTP service stays whole", () => {
    expect(sides(null, steady())).toEqual(["1.0.0 rising 100 %: 10, 10"]);
    expect(sides(steady(), rolling(10))).toEqual(["1.0.0 falling 90 %: 10, 9", "1.1.0 rising 10 %: 1, 1"]);
    expect(sides(rolling(10), rolling(30))).toEqual(["1.0.0 falling 70 %: 10, 7", "1.1.0 rising 30 %: 3, 3"]);
    expect(sides(rolling(30), completed())).toEqual([
      "1.0.0 falling 0 %: 10, 0",
      "1.1.0 rising 100 %: 10, 10",
    ]);
    expect(sides(completed(), steady(next))).toEqual(["1.1.0 rising 100 %: 10, 10"]);
  });

  test("a rollback: the baseline's capacity first", () => {
    expect(sides(completed(), rolledBack(), "rollback")).toEqual([
      "1.0.0 rising 100 %: 10, 10",
      "1.1.0 falling 0 %: 1, 0",
    ]);
    expect(sides(rolling(30), rolledBack(), "rollback")).toEqual([
      "1.0.0 rising 100 %: 10, 10",
      "1.1.0 falling 0 %: 1, 0",
    ]);
  });

  test("a rollback after a kill that had moved traffic: the baseline rises from what is live", () => {
    expect(sides(rolling(30), rolledBack(), "rollback", completed())).toEqual([
      "1.0.0 rising 100 %: 10, 10",
      "1.1.0 falling 0 %: 1, 0",
    ]);
  });

  test("giving up a raise whose route was written: the candidate falls, and keeps its capacity until that is seen", () => {
    const corrected = planned(
      decide(
        input({ kind: "correct", to: rolling(30), why: "" }, rolling(30), { live: liveAt(completed()) }),
      ),
    );
    expect(corrected.releases.find(({ side }) => side === "candidate")).toMatchObject({
      direction: "falling",
    });
    expect(corrected.releases.find(({ side }) => side === "baseline")).toMatchObject({ direction: "rising" });
  });

  test("putting down what a hand has raised does not wait for the candidate to be ready", () => {
    const corrected = planned(
      decide(
        input({ kind: "correct", to: rolling(10), why: "" }, rolling(10), { live: liveAt(rolling(60)) }),
      ),
    );
    expect(corrected.releases.find(({ side }) => side === "candidate")).toMatchObject({
      direction: "falling",
    });
  });

  test("a service that only the candidate has does not turn the baseline's fall into a rise", () => {
    const withWeb = aRelease("1.1.0", {}, twoFrontsAndWorker);
    const [baseline] = planned(
      decide(input({ kind: "advance", to: rolling(30, withWeb), why: "" }, rolling(10, withWeb))),
    ).releases;
    expect(baseline).toMatchObject({ side: "baseline", direction: "falling" });
  });

  test("a service that only the candidate has gets all its traffic, and needs its full size", () => {
    const withWeb = aRelease("1.1.0", {}, twoFrontsAndWorker);
    const plan = planned(decide(input({ kind: "start", to: rolling(10, withWeb), why: "" }, steady())));
    expect(routeWeights(plan, "web")).toMatchObject([{ weight: 100 }]);
    const web = plan.releases
      .find(({ side }) => side === "candidate")
      ?.services.find(({ service }) => service === "web");
    expect(web?.replicas).toBe(10);
  });
});

describe("the routes of a plan", () => {
  const planOf = (from: Position | null, to: Position) =>
    planned(decide(input({ kind: "advance", to, why: "" }, from)));
  const weights = (plan: Plan, service = "api") =>
    routeWeights(plan, service).map(({ release, weight }) => [release.version, weight]);

  test("are those of HTTP services, with both sides' shares", () => {
    const plan = planOf(rolling(10), rolling(30));
    expect(routedServices(plan)).toEqual(["api"]);
    expect(weights(plan)).toEqual([
      ["1.0.0", 70],
      ["1.1.0", 30],
    ]);
  });

  test("keep a side without a share, so that nothing is deleted with the traffic", () => {
    expect(weights(planOf(rolling(30), rolledBack()))).toEqual([
      ["1.0.0", 100],
      ["1.1.0", 0],
    ]);
    expect(weights(planOf(rolling(30), completed()))).toEqual([
      ["1.0.0", 0],
      ["1.1.0", 100],
    ]);
  });

  test("of a service that only one side has, are that side's alone", () => {
    const withWeb = aRelease("1.1.0", {}, twoFrontsAndWorker);
    const plan = planOf(steady(), rolling(10, withWeb));
    expect(routedServices(plan)).toEqual(["api", "web"]);
    expect(weights(plan, "web")).toEqual([["1.1.0", 100]]);
  });
});

describe("the intent", () => {
  test("of a transition says what is set out to", () => {
    const plan = planned(decide(input(advance, rolling(10))));
    expect(intentOf(plan, null)).toEqual({
      schema: 1,
      id: "t2",
      kind: "advance",
      startedAt: at(60),
      target: rolling(30),
      attempt: 1,
    });
  });

  test("stays what it was when nothing is set out to", () => {
    const plan = planned(decide(input({ kind: "none", why: "", held: false }, rolling(10))));
    const previous = intentTo("advance", rolling(10), "t1");
    expect(intentOf(plan, previous)).toBe(previous);
    expect(() => intentOf(plan, null)).toThrow("intent");
  });
});

describe("reconciling what is recorded", () => {
  test.each([steady(), rolling(10), completed(), rolledBack()])("twice is the same plan (%#)", (position) => {
    const look = (now: string, id: string) =>
      decide(input({ kind: "none", why: "", held: false }, position, { now, id }));
    expect(look(at(60), "t2")).toEqual(look(at(9999), "t3"));
  });

  test("registers what the transition to it has registered", () => {
    const made = planned(decide(input(advance, rolling(10))));
    const kept = planned(decide(input({ kind: "none", why: "", held: false }, rolling(30))));
    const registered = ({ releases }: Plan) =>
      releases.map(({ side, release, share, services }) => ({ side, release: release.id, share, services }));
    expect(registered(kept)).toEqual(registered(made));
  });

  test("is nothing that waits for a side to fall: both are in place", () => {
    for (const position of [steady(), rolling(10)]) {
      const plan = planned(decide(input({ kind: "none", why: "", held: false }, position)));
      expect(plan.releases.map(({ direction }) => direction)).not.toContain("falling");
    }
  });
});

test("release 1.0.0 and 1.1.0 of these stories differ", () => {
  expect(old.id).not.toBe(next.id);
});
