import type { Policies } from "../../config/load/policies";
import type { ChannelSection } from "../../config/schemas/channel";
import { evidencePolicy } from "../../config/schemas/evidence";
import { sloPolicy } from "../../config/schemas/slo";
import { type ChannelSources, judgeChannel } from "../../policies/pack/channel-judgement";
import { Judgements } from "../../policies/pack/judgements";
import { types } from "../../policies/pack/objects";
import { releaseGates } from "../../policies/pack/release-gates";
import type { Target } from "../../policies/pack/target";
import { tighteningOf } from "../../policies/pack/tightening";
import type { ChannelRecord, Position, TransitionKind } from "../../rollout/record";
import { objectName } from "../../rollout/release";
import type { Verdict } from "../../rollout/verdict";
import { section } from "../components/section";
import {
  at,
  completed,
  intentTo,
  liveAt,
  next,
  nothingLive,
  old,
  recordOf,
  rolledBack,
  rolling,
  steady,
  third,
  wish,
} from "../rollout/releases";
import { configurationOf, noPolicies, violations } from "./pack-run";

function targetOf(kind: TransitionKind, to: Position, transition = "t2"): Target {
  return {
    channel: "canary",
    transition,
    kind,
    state: to.state,
    baseline: to.baseline.id,
    candidate: to.candidate?.id ?? null,
    weight: to.weight,
    sizes: {},
  };
}

interface Situation {
  record: ChannelRecord | null;
  wanted?: typeof next;
  verdicts?: Verdict[];
  more?: Partial<ChannelSources>;
}

function sources({ record, wanted = next, verdicts = [], more = {} }: Situation): ChannelSources {
  return {
    stack: "canary",
    configuration: () => configurationOf(wanted.version, { rollbackWindow: 1 }),
    memory: async () => ({ record, intent: record === null ? null : intentTo("advance", record, "t1") }),
    live: async () => (record === null ? nothingLive : liveAt(record)),
    chainEnd: async () => record?.evidence ?? null,
    desired: () => wish(wanted),
    verdicts: async (proposal) => (proposal.kind === "rollback" ? [] : verdicts),
    policies: () => noPolicies,
    ...more,
  };
}

const noTightening = tighteningOf({});
const reasonsOf = async (target: Target, situation: Situation, tightening = noTightening) => {
  const judgement = await judgeChannel(target, sources(situation), tightening);
  return judgement.outcome === "refused" ? judgement.reasons : [];
};

const fails: Verdict = { gate: "slo", status: "fail", reason: "api: 5 % errors" };
const holds: Verdict = { gate: "observation", status: "hold", reason: "observed for 3 s" };
const passes: Verdict = { gate: "data-plane", status: "pass", reason: "ready" };

const steps: [TransitionKind, Position | null, Position, typeof next][] = [
  ["install", null, steady(), old],
  ["start", steady(), rolling(10), next],
  ["advance", rolling(10), rolling(30), next],
  ["advance", rolling(30), completed(), next],
  ["finalize", completed(), steady(next), next],
];
const recorded = (position: Position | null) => (position === null ? null : recordOf(position));

describe("a step that follows from record and configuration", () => {
  test.each(steps)("%s: goes through where no gate objects (%#)", async (kind, from, to, wanted) => {
    const situation = { record: recorded(from), wanted, verdicts: [passes] };
    expect(await reasonsOf(targetOf(kind, to), situation)).toEqual([]);
  });

  test.each(steps)(
    "%s: is stopped by every gate that fails or holds (%#)",
    async (kind, from, to, wanted) => {
      const situation = { record: recorded(from), wanted, verdicts: [passes, fails, holds] };
      expect(await reasonsOf(targetOf(kind, to), situation)).toEqual([
        "slo: api: 5 % errors",
        "observation: observed for 3 s",
      ]);
    },
  );

  test.each(steps)("%s: cannot hide under another name (%#)", async (kind, from, to, wanted) => {
    for (const name of ["rollback", "correct", "resume"] as const) {
      const situation = { record: recorded(from), wanted, verdicts: [fails] };
      expect(await reasonsOf(targetOf(name, to), situation)).toEqual([
        expect.stringContaining(`it calls itself ${name}, and what it does is: ${kind}`),
      ]);
    }
  });

  test.each([rolling(10), rolling(30), completed()])("a rollback waits for nothing (%#)", async (from) => {
    const verdicts = [fails, holds];
    const strict = tighteningOf({ requiredGates: ["evidence"], minimumObservationSeconds: 9999 });
    const target = targetOf("rollback", rolledBack());
    expect(await reasonsOf(target, { record: recordOf(from), wanted: old, verdicts }, strict)).toEqual([]);
  });
});

describe("the sizes of autoscaled services", () => {
  const autoscaling = { minReplicas: 2, maxReplicas: 20, cpuUtilization: 70 };
  const channel = { services: { ...section.services, api: { ...section.services.api, autoscaling } } };
  const situation = (from: Position, remembers: object = {}, wanted = next): Situation => ({
    record: recordOf(from, remembers),
    wanted,
    more: {
      configuration: () => configurationOf(wanted.version, { rollbackWindow: 1, ...channel } as never),
      live: async () => ({ ...liveAt(from), workloads: { [objectName("api", old)]: { replicas: 9 } } }),
    },
  });
  const reasons = (target: Target, sizes: object, of: Situation) =>
    reasonsOf({ ...target, sizes: sizes as Target["sizes"] }, of);

  test.each([
    [{ api: 9 }, []],
    // It goes on between the program's look and this one.
    [{ api: 8 }, []],
    [{ api: 21 }, [expect.stringContaining("it counts on 21 pods of api, and may have 2 to 20")]],
    [{ api: 1 }, [expect.stringContaining("may have 2 to 20")]],
    [{}, [expect.stringContaining("no known number of pods of api, and it is 9")]],
    [{ api: 9, web: 3 }, [expect.stringContaining("3 pods of web, and it is not autoscaled")]],
  ])("are looked up at a start: %j", async (sizes, expected) => {
    expect(await reasons(targetOf("start", rolling(10)), sizes, situation(steady()))).toEqual(expected);
  });

  test.each([
    [{ api: 7 }, []],
    [{ api: 9 }, [expect.stringContaining("it counts on 9 pods of api, and it is 7")]],
  ])("are what is remembered at a rollback: %j", async (sizes, expected) => {
    const from = situation(rolling(10), { sizes: { api: 7 } }, old);
    expect(await reasons(targetOf("rollback", rolledBack()), sizes, from)).toEqual(expected);
  });

  test("do not stand in a rollback's way where none are remembered: the start had not got to its end", async () => {
    const live = async () => ({
      ...liveAt(rolling(10)),
      workloads: { [objectName("api", old)]: { replicas: 9 } },
    });
    const of = situation(steady(), {}, old);
    const memory = async () => ({
      record: recordOf(steady()),
      intent: intentTo("start", rolling(10), "t9"),
    });
    const killed = { ...of, more: { ...of.more, live, memory } };
    expect(await reasons(targetOf("rollback", rolledBack()), { api: 8 }, killed)).toEqual([]);
  });

  test("that are remembered stay, also where the bounds were changed since", async () => {
    const kept = situation(rolling(10), { sizes: { api: 25 } });
    expect(await reasons(targetOf("advance", rolling(10), "t1"), { api: 25 }, kept)).toEqual([]);
  });

  test("are what is remembered where nothing moves", async () => {
    const kept = situation(rolling(10), { sizes: { api: 7 } });
    expect(await reasons(targetOf("advance", rolling(10), "t1"), { api: 7 }, kept)).toEqual([]);
    expect(await reasons(targetOf("advance", rolling(10), "t1"), { api: 2 }, kept)).toHaveLength(1);
  });
});

describe("what does not follow from them", () => {
  const at10 = recordOf(rolling(10));

  test.each<[string, Target, Situation]>([
    ["a skipped stage", targetOf("advance", completed()), { record: at10 }],
    ["a start at 30 %", targetOf("start", rolling(30)), { record: recordOf(steady()) }],
    ["a release that is not on disk", targetOf("start", rolling(10, third)), { record: recordOf(steady()) }],
    ["another baseline", targetOf("advance", rolling(30, next, third)), { record: at10 }],
    ["an installation over a release", targetOf("install", steady(next)), { record: at10 }],
    ["a rollback that keeps a share", targetOf("rollback", rolling(5)), { record: at10, wanted: old }],
    [
      "a finalize before the rollback window is over",
      targetOf("finalize", steady(next)),
      {
        record: recordOf(completed(), { since: new Date().toISOString() }),
        more: { configuration: () => configurationOf("1.1.0") },
      },
    ],
    [
      "a brake that is ignored",
      targetOf("advance", rolling(30)),
      { record: recordOf(rolling(10), { braked: true }) },
    ],
    [
      "a rejected release that is started again",
      targetOf("start", rolling(10)),
      {
        record: recordOf(steady(), {
          rejected: [{ version: "1.1.0", hash: next.hash, attempt: 1, at: at(0), reason: null }],
        }),
      },
    ],
  ])("%s is refused", async (_, target, situation) => {
    expect(await reasonsOf(target, situation)).toEqual([
      expect.stringMatching(/^it leads to .*; by the record and the configuration the next step is: /),
    ]);
  });

  test("a raise under the name of the recorded transition is refused", async () => {
    const target = targetOf("advance", rolling(30), "t1");
    expect(await reasonsOf(target, { record: at10, verdicts: [] })).toEqual([
      expect.stringContaining("it goes by the name of the recorded transition t1"),
    ]);
  });

  test("another channel than the stack's is refused", async () => {
    const target = { ...targetOf("advance", rolling(30)), channel: "stable" };
    expect(await reasonsOf(target, { record: at10 })).toEqual([
      expect.stringContaining("the stack is canary"),
    ]);
  });

  test("lost state is refused, also for what is recorded", async () => {
    const more = { live: async () => liveAt(rolling(10), { transition: "t7", at: at(500) }) };
    expect(await reasonsOf(targetOf("install", steady(next)), { record: null, more })).toEqual([
      expect.stringMatching(/no record of them|the stack has none/),
    ]);
    expect(await reasonsOf(targetOf("advance", rolling(10), "t1"), { record: at10, more })).toEqual([
      expect.stringContaining("newer than the stack's record"),
    ]);
  });
});

describe("what is recorded", () => {
  test.each([steady(), rolling(10), completed(), rolledBack()])(
    "is registered again, whatever the gates say (%#)",
    async (position) => {
      const target = targetOf("advance", position, "t1");
      expect(await reasonsOf(target, { record: recordOf(position), verdicts: [fails, holds] })).toEqual([]);
    },
  );
});

describe("an update that did not get to its end", () => {
  const record = recordOf(rolling(10));
  const more: Partial<ChannelSources> = {
    memory: async () => ({ record, intent: intentTo("advance", rolling(30)) }),
    live: async () => liveAt(rolling(30)),
  };

  test("is finished where its gates are open", async () => {
    expect(await reasonsOf(targetOf("resume", rolling(30), "t3"), { record, more })).toEqual([]);
  });

  test("is not finished where they are not", async () => {
    const situation = { record, more, verdicts: [fails] };
    expect(await reasonsOf(targetOf("resume", rolling(30), "t3"), situation)).toEqual([
      "slo: api: 5 % errors",
    ]);
  });

  test("is always taken back", async () => {
    const verdicts = async (proposal: { kind: string }) => (proposal.kind === "correct" ? [] : [fails]);
    const situation = { record, more: { ...more, verdicts } };
    expect(await reasonsOf(targetOf("correct", rolling(10), "t3"), situation)).toEqual([]);
  });

  test("was a first installation: it is begun anew", async () => {
    const memory = async () => ({ record: null, intent: intentTo("install", steady()) });
    const live = async () => liveAt(steady());
    expect(
      await reasonsOf(targetOf("install", steady()), { record: null, wanted: old, more: { memory, live } }),
    ).toEqual([]);
  });
});

describe("what the pack's configuration asks beyond the channel's", () => {
  const noRules = { folder: "approvals", rules: [] };
  const now = new Date().toISOString();

  test.each<[string, object, RegExp]>([
    [
      "a shorter observation",
      { minimumObservationSeconds: 60 },
      /^observation: 10 % has been observed for \d s/,
    ],
    ["a gate that is not configured", { requiredGates: ["slo"] }, /^slo: the policy pack requires this gate/],
    ["a steeper step", { maximumWeightStep: 15 }, /^stages: the share rises by 20 % at once/],
  ])("%s is refused", async (_, configuration, message) => {
    const situation = { record: recordOf(rolling(10), { since: now }), verdicts: [passes] };
    const target = targetOf("advance", rolling(30));
    expect(await reasonsOf(target, situation, tighteningOf(configuration))).toEqual([
      expect.stringMatching(message),
    ]);
  });

  const objectivesOf = (service: string) =>
    sloPolicy.parse({ services: { [service]: { errorRate: { target: 0.01 } } } });
  const kinds = (...names: string[]) =>
    evidencePolicy.parse({
      kinds: Object.fromEntries(names.map((name) => [name, { pattern: "sbom.json", schema: "sbom" }])),
    });
  const prometheus = { url: "http://prometheus:9090", scrapeInterval: 15 };

  test.each<[string, string, Partial<ChannelSection>, Partial<Policies>, boolean]>([
    ["nobody is asked to agree", "approval", {}, {}, false],
    ["three parties are asked by default", "approval", { access: "access.yaml" }, {}, true],
    ["nobody is to be asked", "approval", { access: "access.yaml", approvals: noRules }, {}, false],
    ["a service has objectives", "slo", { prometheus }, { slo: () => objectivesOf("api") }, true],
    ["no service of the release has", "slo", { prometheus }, { slo: () => objectivesOf("cart") }, false],
    ["nothing is counted", "slo", {}, { slo: () => objectivesOf("api") }, false],
    ["load probes are judged", "slo", {}, { slo: () => ({ ...objectivesOf("api"), mode: "quick" }) }, true],
    ["a report is asked for", "evidence", { evidence: "e.yaml" }, { evidence: () => kinds("sbom") }, true],
    ["no report is asked for", "evidence", { evidence: "e.yaml" }, { evidence: () => kinds() }, false],
  ])("where %s, a required gate %s has something to judge by or not (%#)", async (...one) => {
    const [, gate, channel, policies, judges] = one;
    const situation = {
      record: recordOf(rolling(10)),
      verdicts: [passes],
      more: {
        configuration: () => configurationOf("1.1.0", channel),
        policies: () => ({ ...noPolicies, ...policies }),
      },
    };
    const strict = tighteningOf({ requiredGates: [gate] });
    expect(await reasonsOf(targetOf("advance", rolling(30)), situation, strict)).toEqual(
      judges ? [] : [expect.stringMatching(`^${gate}: the policy pack requires this gate`)],
    );
  });

  test("never opens a gate", async () => {
    const loosest = tighteningOf({ minimumObservationSeconds: 0, requiredGates: [], maximumWeightStep: 100 });
    const situation = { record: recordOf(rolling(10)), verdicts: [holds] };
    expect(await reasonsOf(targetOf("advance", rolling(30)), situation, loosest)).toHaveLength(1);
  });

  test.each([{ maximumWeightStep: 0 }, { requiredGates: ["nothing"] }, { anything: 1 }])(
    "is refused where it is not understood (%j)",
    async (config) => {
      const policy = releaseGates(() => sources({ record: recordOf(rolling(10)) }), new Judgements());
      const question = { type: types.channel, props: targetOf("advance", rolling(30)), config };
      expect(await violations(policy, question)).toHaveLength(1);
    },
  );
});

describe("the policy", () => {
  const question = (props: object) => ({ type: types.channel, name: "canary", props });
  const policyOf = (situation: Situation) => releaseGates(() => sources(situation), new Judgements());
  const advance = targetOf("advance", rolling(30));

  test("reports the reasons of the gates", async () => {
    const policy = policyOf({ record: recordOf(rolling(10)), verdicts: [fails] });
    expect(await violations(policy, question(advance))).toEqual(["slo: api: 5 % errors"]);
  });

  test.each<[string, Partial<ChannelSources>]>([
    ["an unreachable cluster", { live: () => Promise.reject(new Error("it cannot be reached")) }],
    ["an unreadable state", { memory: () => Promise.reject(new Error("it cannot be reached")) }],
    [
      "an invalid configuration",
      {
        configuration: () => {
          throw new Error("it cannot be reached");
        },
      },
    ],
    ["gates that cannot be asked", { verdicts: () => Promise.reject(new Error("it cannot be reached")) }],
  ])("is closed by %s", async (_, more) => {
    const policy = policyOf({ record: recordOf(rolling(10)), more });
    expect(await violations(policy, question(advance))).toEqual(["it cannot be reached"]);
  });

  test.each(["channel", "transition", "kind", "state", "baseline", "weight"])(
    "is closed where the program does not say its %s",
    async (field) => {
      const props = { ...advance, [field]: undefined };
      expect(await violations(policyOf({ record: recordOf(rolling(10)) }), question(props))).toHaveLength(1);
    },
  );

  test.each([-1, 101, 10.5])("is closed at a weight of %d", async (weight) => {
    expect(
      await violations(policyOf({ record: recordOf(rolling(10)) }), question({ ...advance, weight })),
    ).toHaveLength(1);
  });
});
