import {
  activeCohorts,
  cohortMatches,
  cohortsAreLive,
  confirmedCohorts,
  type LiveRule,
} from "../../rollout/cohorts";
import { nextRecord } from "../../rollout/history";
import { decide } from "../../rollout/plan";
import type { Proposal, ProposeInput } from "../../rollout/proposal";
import { propose } from "../../rollout/propose";
import type { ChannelRecord, Position } from "../../rollout/record";
import { describeDecision, describePosition, explainDecision } from "../../rollout/report";
import { aCohort, rollingWith, someCohorts } from "./cohort-positions";
import {
  at,
  completed,
  intentTo,
  liveAt,
  next,
  old,
  rolling,
  situation,
  sized,
  steady,
  third,
  wish,
  withoutData,
} from "./releases";

const [berlin, testers] = someCohorts;
const names = (position: Position) => activeCohorts(position).map(({ name }) => name);

describe("the cohorts in force", () => {
  test.each<[string, Position, string[]]>([
    ["below the stage of one", rollingWith(10), ["testers"]],
    ["at that stage", rollingWith(30), ["berlin", "testers"]],
    ["without a share", rollingWith(0), []],
    ["at 100 %", { ...completed(), cohorts: someCohorts }, []],
    ["without a candidate", { ...steady(), cohorts: someCohorts }, []],
  ])("%s", (_, position, expected) => {
    expect(names(position)).toEqual(expected);
  });
});

describe("what a route matches", () => {
  const matches = (section: object) => cohortMatches(rollingWith(10, aCohort({ one: section })), "api");

  test("all conditions of one alternative, and any of several", () => {
    expect(
      matches({
        anyOf: [
          {
            header: [
              { name: "x-shop", pattern: "berlin-[0-9]+|bonn", example: "bonn" },
              { name: "X-Tester", value: "1" },
            ],
            cookie: { name: "region", value: "a.b" },
          },
          { query: { name: "shop", value: "17" } },
        ],
      }),
    ).toEqual([
      [
        {
          path: { type: "PathPrefix", value: "/" },
          headers: [
            { type: "RegularExpression", name: "x-shop", value: "^(?:berlin-[0-9]+|bonn)$" },
            { type: "Exact", name: "X-Tester", value: "1" },
            {
              type: "RegularExpression",
              name: "Cookie",
              value: "^(?:.*;)?[ \\t]*region=a\\.b[ \\t]*(?:;.*)?$",
            },
          ],
        },
        {
          path: { type: "PathPrefix", value: "/" },
          queryParams: [{ type: "Exact", name: "shop", value: "17" }],
        },
      ],
    ]);
  });

  test("nothing for a service that one side alone serves", () => {
    const alone = { ...next, services: { ...next.services, web: next.services.api! } };
    expect(cohortMatches({ ...rollingWith(10), candidate: alone }, "web")).toEqual([]);
    expect(cohortMatches(rollingWith(10), "worker")).toEqual([]);
  });
});

describe("what the data plane has to show", () => {
  test("of active cohorts the candidate, of those taken back the baseline", () => {
    expect(confirmedCohorts(rollingWith(10), "api")).toEqual([
      { cohort: "testers", release: next.id, requests: [{ headers: { "x-tester": "1" }, query: {} }] },
    ]);
    expect(confirmedCohorts(rollingWith(0), "api")).toEqual([
      { cohort: "berlin", release: old.id, requests: [{ headers: { cookie: "region=berlin" }, query: {} }] },
      { cohort: "testers", release: old.id, requests: [{ headers: { "x-tester": "1" }, query: {} }] },
    ]);
    expect(confirmedCohorts(completed(), "api")).toEqual([]);
  });
});

/** What the proposal leads to; fails where it leads nowhere. */
function step(input: ProposeInput) {
  const proposal = propose(input);
  if (!("to" in proposal)) throw new Error(proposal.why);
  return proposal;
}

describe("a step", () => {
  test("takes the configured cohorts in when it is judged, and 100 % none", () => {
    const more = { cohorts: someCohorts };
    expect(step(situation(steady(), wish(next), more)).to.cohorts).toEqual(someCohorts);
    expect(step(situation(rolling(10), wish(next), more)).to.cohorts).toEqual(someCohorts);
    expect(step(situation(rolling(30), wish(next), more)).to).toEqual(completed());
  });

  test("a rollback takes all of them back at once", () => {
    const { kind, to } = step(situation(rollingWith(30), wish(old), { cohorts: someCohorts }));
    expect([kind, to.weight, names(to)]).toEqual(["rollback", 0, []]);
    expect(confirmedCohorts(to, "api").map(({ release }) => release)).toEqual([old.id, old.id]);
  });

  test("so does giving up a start that had sent traffic", () => {
    const input = situation(steady(), wish(third), { live: liveAt(rollingWith(10)) });
    const { to } = step({ ...input, intent: intentTo("start", rollingWith(10)) });
    expect([to.state, to.cohorts, names(to)]).toEqual(["rolled-back", someCohorts, []]);
  });

  test("editing the configuration alone changes nothing that is live", () => {
    const hold = wish(next, { stage: "hold" });
    expect(propose(situation(rolling(10), hold, { cohorts: someCohorts }))).toMatchObject({ kind: "none" });
    expect(propose(situation(rollingWith(10), hold))).toMatchObject({ kind: "none" });
  });
});

describe("live rules that are not those of the record", () => {
  const live = (position: Position, rules: LiveRule[]) => ({ ...liveAt(position), rules: { api: rules } });
  const path = { type: "PathPrefix", value: "/" };
  const strange = (release: string): LiveRule => ({
    matches: [{ path, headers: [{ type: "Exact", name: "x-all", value: "1" }] }],
    shares: { [release]: 100 },
  });
  const own = liveAt(rollingWith(10)).rules?.api ?? [];

  test.each<[string, Position, LiveRule[]]>([
    ["a cohort that nobody judged", rolling(10), [strange(next.id)]],
    ["one beside those that were", rollingWith(10), [...own, strange(next.id)]],
    ["one at the baseline", rollingWith(10), [...own, strange(old.id)]],
    ["one after a rollback", { ...rollingWith(0), state: "rolled-back" }, own],
    ["one without a candidate", steady(), [strange(old.id)]],
  ])("are put right: %s", (_, position, rules) => {
    const input = situation(position, wish(next), { live: live(position, rules), cohorts: someCohorts });
    expect(step(input)).toMatchObject({ kind: "correct", to: position });
  });

  test.each<[string, LiveRule[]]>([
    ["its rule is gone", []],
    [
      "half of it goes to the baseline",
      own.map((one) => ({ ...one, shares: { [old.id]: 50, [next.id]: 50 } })),
    ],
    ["it goes to the baseline", own.map((one) => ({ ...one, shares: { [old.id]: 100 } }))],
    ["it matches something else", own.map((one) => ({ ...one, matches: strange(next.id).matches }))],
  ])("are adopted and held where a cohort was taken away: %s", (_, rules) => {
    const position = rollingWith(10);
    const input = situation(position, wish(next), { live: live(position, rules), cohorts: someCohorts });
    const { kind, to, why } = step(input);
    expect([kind, to.weight, to.cohorts]).toEqual(["correct", 10, [berlin]]);
    expect(why).toMatch(/cohorts testers were taken away.*adopted, and held/);
    const record = recordAfter(input, propose(input));
    expect(record.braked).toBe(true);
    const after = situation(record, wish(next), {
      record,
      intent: null,
      live: liveAt(to),
      cohorts: someCohorts,
    });
    expect(propose(after)).toMatchObject({ kind: "none", held: true });
    const again = { ...after, desired: wish(next, { attempt: 2 }) };
    expect(step(again).to).toMatchObject({ weight: 30, cohorts: someCohorts });
  });

  test("a share taken to 0 by hand takes the cohorts along, though their rules were left", () => {
    const input = situation(rollingWith(10), wish(next), { live: live(rollingWith(0), own) });
    const { kind, to } = step(input);
    expect([kind, to.weight, names(to)]).toEqual(["correct", 0, []]);
  });

  test("an unfinished step is not finished where a hand took a cohort away", () => {
    const input = situation(rollingWith(10), wish(next), { live: live(rollingWith(10), []) });
    expect(propose({ ...input, intent: intentTo("advance", rollingWith(30)) }).kind).toBe("correct");
    const untouched = situation(rollingWith(10), wish(next));
    expect(propose({ ...untouched, intent: intentTo("advance", rollingWith(30)) }).kind).toBe("resume");
  });

  test("nothing differs where the rules are in another order", () => {
    const position = rollingWith(30);
    const rules = [...(liveAt(position).rules?.api ?? [])].reverse();
    expect(cohortsAreLive(position, ["api"], { api: rules })).toBe(true);
  });
});

function decisionOf(input: ProposeInput, proposal: Proposal) {
  return decide({
    proposal,
    verdicts: [],
    record: input.record,
    interrupted: false,
    live: input.live,
    attempt: input.desired.attempt,
    strictHold: false,
    capacity: sized({ api: 10, worker: 2 }),
    data: withoutData,
    id: "t2",
    now: at(60),
  });
}

function recordAfter(input: ProposeInput, proposal: Proposal): ChannelRecord {
  const decision = decisionOf(input, proposal);
  if (decision.outcome !== "go") throw new Error("expected a plan");
  const confirmed = { id: "t2", confirmedAt: at(61), services: {} };
  return nextRecord("canary", input.record, decision.plan, confirmed, { actor: "ann", reason: null });
}

describe("what is told", () => {
  const told = (input: ProposeInput) => {
    const proposal = propose(input);
    const decision = decisionOf(input, proposal);
    return {
      text: describeDecision("canary", proposal, decision, []),
      programs: explainDecision("canary", proposal, decision, []),
      decision,
    };
  };

  test("which cohorts go wholly to the candidate, and which later", () => {
    const { text, programs } = told(situation(steady(), wish(next), { cohorts: someCohorts }));
    expect(text).toMatch(/cohorts +testers → wholly to 1\.1\.0\n +from 30 %: berlin/);
    expect(programs.plan?.to).toMatchObject({ weight: 10, cohorts: ["testers"] });
    expect(describePosition(rollingWith(30))).toBe(
      "1.1.0 at 30 % and all of berlin, testers, baseline 1.0.0",
    );
  });

  test("that a rollback takes them back", () => {
    expect(told(situation(rollingWith(30), wish(old))).text).toMatch(
      /cohorts +berlin, testers → back to 1\.0\.0/,
    );
  });

  test("nothing where there are none", () => {
    const { text, programs } = told(situation(steady(), wish(next)));
    expect(text).not.toContain("cohort");
    expect(programs.plan?.to).not.toHaveProperty("cohorts");
  });

  test("the candidate has its full size while it may have to answer more than its share", () => {
    const replicas = (input: ProposeInput) => {
      const { decision } = told(input);
      return decision.outcome === "go"
        ? decision.plan.releases.map(({ services }) => services.map((one) => one.replicas))
        : null;
    };
    expect(replicas(situation(steady(), wish(next), { cohorts: [testers!] }))).toEqual([
      [10, 1],
      [10, 1],
    ]);
    expect(replicas(situation(steady(), wish(next), { cohorts: [berlin!] }))?.[1]?.[0]).toBe(1);
    expect(replicas(situation(rollingWith(10), wish(next)))?.[1]?.[0]).toBe(10);
    expect(replicas(situation(rollingWith(10), wish(old)))?.[1]?.[0]).toBe(1);
  });
});
