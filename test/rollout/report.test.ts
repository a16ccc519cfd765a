import { type Decision, decide } from "../../rollout/plan";
import type { Proposal } from "../../rollout/proposal";
import type { Position } from "../../rollout/record";
import { type Release, resolveRelease } from "../../rollout/release";
import {
  describeDecision,
  describePosition,
  describeStatus,
  explainDecision,
  summarize,
  withColor,
} from "../../rollout/report";
import type { Verdict } from "../../rollout/verdict";
import {
  aFile,
  apiAndWorker,
  aRelease,
  at,
  completed,
  liveAt,
  recordOf,
  rolledBack,
  rolling,
  sized,
  steady,
  twoFrontsAndWorker,
  withoutData,
} from "./releases";

function decided(proposal: Proposal, verdicts: Verdict[] = []): Decision {
  return decide({
    proposal,
    verdicts,
    record: recordOf(rolling(10)),
    interrupted: false,
    live: liveAt(rolling(10)),
    attempt: 1,
    strictHold: false,
    capacity: sized({ api: 2, worker: 2 }),
    data: withoutData,
    id: "t2",
    now: at(60),
  });
}

const advance: Proposal = { kind: "advance", to: rolling(30), why: "1.1.0 has 10 %" };
const holding = (reason: string): Verdict[] => [{ gate: "observation", status: "hold", reason }];

describe("where a channel stands, in a sentence", () => {
  test.each([
    [steady(), "1.0.0 at 100 %"],
    [rolling(10), "1.1.0 at 10 %, baseline 1.0.0"],
    [completed(), "1.1.0 at 100 %, 1.0.0 kept ready"],
    [rolledBack(), "1.0.0 at 100 %, 1.1.0 rolled back"],
  ])("%#", (position, expected) => {
    expect(describePosition(position)).toBe(expected);
  });
});

/** What the program prints of a proposal, once the gates have spoken. */
const told = (proposal: Proposal, verdicts: Verdict[] = []) =>
  describeDecision("canary", proposal, decided(proposal, verdicts), verdicts);

describe("what a person is told", () => {
  test("of a transition: from, to, capacity, and the verdict of every gate", () => {
    const text = told(advance, [{ gate: "slo", status: "pass", reason: "0.00 % errors" }]);
    expect(text).toContain("canary: advance: 1.1.0 has 10 %");
    expect(text).toMatch(/from +1\.1\.0 at 10 %/);
    expect(text).toMatch(/to +1\.1\.0 at 30 %/);
    expect(text).toMatch(/replicas +1\.1\.0 \(candidate\): api 1, worker 1/);
    expect(text).toMatch(/slo +pass +0\.00 % errors/);
  });

  test("of several services: in which order their routes move, and how far they are scaled", () => {
    const { api, web } = twoFrontsAndWorker;
    const [before, after] = ["1.0.0", "1.1.0"].map((version) =>
      aRelease(version, {}, { api, web: { ...web, after: ["api"] } }),
    ) as [Release, Release];
    const bounds = { minReplicas: 2, maxReplicas: 9, cpuUtilization: 70 };
    const decision = (kind: "advance" | "rollback", to: Position) =>
      decide({
        ...{
          proposal: { kind, to, why: "" },
          verdicts: [],
          interrupted: false,
          attempt: 1,
          strictHold: false,
        },
        ...{ record: recordOf(rolling(10, after, before), { sizes: { api: 4 } }), data: withoutData },
        ...{ live: liveAt(rolling(10, after, before)), id: "t2", now: at(60) },
        capacity: { mode: "full", services: { api: bounds, web: { replicas: 2 } } },
      });
    const raised = decision("advance", rolling(30, after, before));
    const text = describeDecision("canary", advance, raised, []);
    expect(text).toMatch(/routes +1\.1\.0: api 30 %, then web 30 %/);
    expect(text).toMatch(/replicas +1\.1\.0 \(candidate\): api 2 to 9, web 1/);
    expect(explainDecision("canary", advance, raised, []).plan?.routes).toEqual([
      { service: "api", weights: { "1.0.0": 70, "1.1.0": 30 } },
      { service: "web", weights: { "1.0.0": 70, "1.1.0": 30 } },
    ]);
    const back = decision("rollback", rolledBack(after, before));
    expect(describeDecision("canary", advance, back, [])).toMatch(/routes +1\.1\.0: web 0 %, then api 0 %/);
  });

  test("of a start: the migrations that run before the first request", () => {
    const image = apiAndWorker.api.image;
    const services = apiAndWorker;
    const migrations = [{ id: "0002-note", phase: "expand", image, reversible: true }];
    const candidate = resolveRelease(aFile("1.2.0", services, { migrations }), {});
    expect(told({ kind: "start", to: rolling(10, candidate), why: "" })).toMatch(
      /migrate +0002-note \(expand, reversible\), before the first request/,
    );
  });

  test("of a clean-up: what is removed", () => {
    expect(told({ kind: "finalize", to: steady(), why: "" })).toMatch(/remove +1\.1\.0, no longer needed/);
  });

  test("of a hold: what waits, for what, and that nothing changes", () => {
    const text = told(advance, holding("10 s of 30 s"));
    expect(text).toMatch(/1\.1\.0 at 30 %.*held by observation/);
    expect(text).toMatch(/observation +hold +10 s of 30 s/);
    expect(text).toContain("nothing is advanced");
  });

  test("of a block: what is blocked, and the verdict", () => {
    const text = told(advance, [{ gate: "slo", status: "fail", reason: "5 % errors" }]);
    expect(text).toMatch(/1\.1\.0 at 30 %.*blocked/);
    expect(text).toMatch(/slo +fail +5 % errors/);
    expect(told({ kind: "refuse", why: "no" })).toContain("blocked");
  });

  test("of nothing to do: why", () => {
    expect(told({ kind: "none", why: "1.0.0 is live", held: false })).toBe(
      "canary: nothing to do: 1.0.0 is live",
    );
  });
});

describe("the tables of plan and gates", () => {
  const long = "figures ".repeat(40);
  const verdicts: Verdict[] = [
    { gate: "semver", status: "skipped", reason: "judges only the start" },
    { gate: "slo", status: "pass", reason: long },
    { gate: "promotion", status: "skipped", reason: "judges only the start" },
    { gate: "rbac", status: "skipped", reason: "nothing is configured" },
  ];

  test("fit 100 columns, with the four blanks that Pulumi adds, whatever a gate says", () => {
    for (const line of told(advance, verdicts).split("\n")) expect(line.length).toBeLessThanOrEqual(96);
    expect(told(advance, verdicts).replaceAll(/\s+/g, " ")).toContain(long.trim());
  });

  test("name the gates that were not asked together, by reason", () => {
    const text = told(advance, verdicts);
    expect(text).toMatch(/not asked +skipped +semver, promotion: judges only the start/);
    expect(text).toMatch(/ +skipped +rbac: nothing is configured/);
  });

  test("have coloured verdicts, and nothing else that is coloured", () => {
    const text = told(advance, [
      ...verdicts,
      { gate: "approval", status: "pass", reason: "it would fail or hold otherwise" },
      { gate: "change-window", status: "hold", reason: "closed" },
    ]);
    const colored = withColor(text);
    expect(colored.match(/<\{%fg \d%\}>\w+<\{%reset%\}>/g)).toEqual([
      "<{%fg 2%}>pass<{%reset%}>",
      "<{%fg 2%}>pass<{%reset%}>",
      "<{%fg 3%}>hold<{%reset%}>",
      "<{%fg 8%}>skipped<{%reset%}>",
      "<{%fg 8%}>skipped<{%reset%}>",
    ]);
    expect(colored.replaceAll(/<\{[^}]*\}>/g, "")).toBe(text);
  });

  test("are the same for programs", () => {
    const decision = decided(advance, verdicts);
    expect(explainDecision("canary", advance, decision, verdicts)).toMatchObject({
      channel: "canary",
      outcome: "go",
      proposal: { kind: "advance", to: { candidate: "1.1.0", weight: 30 } },
      plan: {
        from: { weight: 10 },
        to: { weight: 30 },
        releases: [
          { version: "1.0.0", side: "baseline", share: 70, replicas: { api: 2, worker: 1 } },
          { version: "1.1.0", side: "candidate", share: 30, replicas: { api: 1, worker: 1 } },
        ],
      },
      gates: verdicts,
    });
  });

  test("of a block say for programs what blocks, and plan nothing", () => {
    const failing: Verdict[] = [{ gate: "slo", status: "fail", reason: "5 % errors" }];
    expect(explainDecision("canary", advance, decided(advance, failing), failing)).toMatchObject({
      outcome: "blocked",
      plan: null,
      reasons: ["slo: 5 % errors"],
    });
  });
});

describe("the stack's outputs", () => {
  test("name the gates that hold, but no figures: they would differ at every look", () => {
    const [early, late] = ["10 s of 30 s", "11 s of 30 s"].map((reason) =>
      describeStatus(recordOf(rolling(10)), decided(advance, holding(reason))),
    );
    expect(early).toBe("1.1.0 at 10 %, baseline 1.0.0; held by observation");
    expect(late).toBe(early);
  });

  test("for programs", () => {
    expect(summarize(recordOf(rolling(10)))).toEqual({
      services: { api: 10 },
      state: "rolling",
      baseline: "1.0.0",
      candidate: "1.1.0",
      weight: 10,
      transition: { id: "t1", kind: "advance", at: at(0) },
    });
    expect(summarize(recordOf(steady())).candidate).toBeNull();
  });
});
