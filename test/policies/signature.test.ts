import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { ChannelSources } from "../../policies/pack/channel-judgement";
import { releasePolicies } from "../../policies/pack/policies";
import { type ChannelRecord, channelRecord, type PackSignature } from "../../rollout/record";
import { at, recordOf, rolling } from "../rollout/releases";
import { asked, type Question } from "./pack-run";

const pack = { name: "release-channels", version: "1.2.3" };
const before = recordOf(rolling(10));

/** The record after an advance, as the program writes it now. */
const ref = { id: "t2", kind: "advance", at: at(60) } as const;
const entry = {
  transition: ref,
  from: { version: "1.1.0", weight: 10 },
  to: { version: "1.1.0", weight: 30 },
};
const advanced: ChannelRecord = {
  ...recordOf(rolling(30), { transition: ref }),
  history: [...before.history, { ...entry, actor: "ann", reason: null }],
};

function withJudgedBy(written: ChannelRecord, judgedBy: PackSignature): ChannelRecord {
  const [newest, ...older] = [...written.history].reverse();
  return { ...written, history: [...older.reverse(), { ...newest!, judgedBy }] };
}

type Level = "advisory" | "disabled" | "mandatory";

/** One run of the engine with the whole pack, of which some policies have another level by configuration. */
class Run {
  readonly #policies;
  readonly #tightening: object;

  constructor(
    readonly levels: Record<string, Level> = {},
    {
      preview = false,
      tightening = {},
      memory = async () => ({ record: before, intent: null }),
    }: Partial<Situation> = {},
  ) {
    this.#tightening = tightening;
    const sources = () => ({ memory }) as unknown as ChannelSources;
    this.#policies = releasePolicies(sources, pack, { preview, kubeconfig: undefined });
  }

  /** What the engine goes on with after the policies that may write. */
  async remediated(question: Question): Promise<object> {
    let { props } = question;
    for (const policy of this.#policies) {
      const { name, enforcementLevel, remediateResource }: Partial<ResourceValidationPolicy> = policy;
      const level = this.levels[name!] ?? enforcementLevel;
      if (level !== "remediate") continue;
      const config = name === "release-gates" ? this.#tightening : {};
      props = (await remediateResource?.(asked({ ...question, props, config }))) ?? props;
    }
    return props;
  }

  async recordAfter(input: unknown): Promise<unknown> {
    await this.remediated({ type: "release-channels:index:ReleaseChannel", props: {} });
    return ((await this.remediated({ ...stash, props: { input } })) as { input: unknown }).input;
  }
}

interface Situation {
  preview: boolean;
  tightening: object;
  memory: ChannelSources["memory"];
}

const stash = { type: "pulumi:index:Stash", name: "record" };
const newest = (written: unknown) => channelRecord.parse(written).history.at(-1);

describe("the record of a transition under the pack", () => {
  test("says which pack judged it, and how it was configured", async () => {
    const tightening = { maximumWeightStep: 50 };
    const kept = await new Run({}, { tightening }).recordAfter(advanced);
    const judgedBy = { ...pack, tightening, loosened: [] };
    expect(kept).toEqual(withJudgedBy(advanced, judgedBy));
  });

  test.each<[string, Level]>([
    ["release-gates", "advisory"],
    ["images", "disabled"],
    ["disruption-budgets", "advisory"],
    ["plain-text-secrets", "mandatory"],
  ])("names what its configuration made another level: %s %s", async (policy, level) => {
    expect(newest(await new Run({ [policy]: level }).recordAfter(advanced))?.judgedBy).toEqual({
      ...pack,
      tightening: {},
      loosened: [policy],
    });
  });

  test.each<Level>(["advisory", "disabled", "mandatory"])(
    "has no signature where the policy that writes it is %s",
    async (level) => {
      expect(await new Run({ record: level }).recordAfter(advanced)).toEqual(advanced);
    },
  );

  test("has the pack's signature, not one that the program made up", async () => {
    const forged = withJudgedBy(advanced, { ...pack, tightening: {}, loosened: [] });
    const kept = await new Run({ images: "disabled" }).recordAfter(forged);
    expect(newest(kept)?.judgedBy?.loosened).toEqual(["images"]);
  });

  test("is not signed in a preview, nor where the record before cannot be read", async () => {
    expect(await new Run({}, { preview: true }).recordAfter(advanced)).toEqual(advanced);
    const memory = () => Promise.reject(new Error("the backend does not answer"));
    expect(await new Run({}, { memory }).recordAfter(advanced)).toEqual(advanced);
  });
});

describe("the intent of a transition under the pack", () => {
  const intent = { schema: 1, id: "t2", kind: "advance", startedAt: at(50), target: rolling(30), attempt: 1 };
  const remembered = async (run: Run, input: unknown): Promise<unknown> => {
    await run.remediated({ type: "release-channels:index:ReleaseChannel", props: {} });
    const question = { type: "pulumi:index:Stash", name: "intent", props: { input } };
    return ((await run.remediated(question)) as { input: unknown }).input;
  };

  test.each([true, false])("says the same, for the evidence (preview: %s)", async (preview) => {
    const signed = { ...intent, judgedBy: { ...pack, tightening: {}, loosened: ["images"] } };
    expect(await remembered(new Run({ images: "disabled" }, { preview }), intent)).toEqual(signed);
    expect(await remembered(new Run({ images: "disabled" }, { preview }), signed)).toEqual(signed);
  });

  test("says nothing where the policy that writes it is not in force", async () => {
    expect(await remembered(new Run({ record: "disabled" }), intent)).toEqual(intent);
  });

  test("stays as it is where nothing moves", async () => {
    const memory = async () => ({ record: before, intent: { ...intent, id: "t1" } as never });
    expect(await remembered(new Run({}, { memory }), { ...intent, id: "t1" })).toEqual({
      ...intent,
      id: "t1",
    });
  });
});

test("a record that stays as it is keeps the signature it has, or has not", async () => {
  const signed = withJudgedBy(before, { ...pack, version: "0.9.0", tightening: {}, loosened: ["images"] });
  for (const kept of [before, signed]) {
    const memory = async () => ({ record: kept, intent: null });
    expect(await new Run({}, { memory }).recordAfter(kept)).toEqual(kept);
  }
});
