import { routeWeights } from "../../policies/pack/traffic";
import type { Position } from "../../rollout/record";
import { transition } from "../components/channel";
import { rollingWith } from "../rollout/cohort-positions";
import { next, old, rolledBack, steady } from "../rollout/releases";
import { judgedTo, judgementsOf, type Question, violations } from "./pack-run";

interface Rule {
  matches: { headers?: { value: string }[]; queryParams?: object[] }[];
  backendRefs: { name: string; port: number; weight: number }[];
}

/** The route that the program registers for a position, with its rules changed. */
async function routeTo(to: Position, tamper: (rules: Rule[]) => void = () => {}): Promise<Question> {
  const { registrations } = await transition("advance", steady(), to);
  const found = registrations.find(({ name }) => name === "canary-api-route");
  if (found === undefined) throw new Error("there is no route");
  const { type, inputs } = found;
  const props = structuredClone(inputs) as unknown as { spec: { rules: Rule[] } };
  tamper(props.spec.rules);
  return { type, props };
}

const found = async (judged: Position, question: Question) =>
  violations(routeWeights(judgementsOf(judgedTo(judged))), question);

describe("the cohorts of a route", () => {
  test.each([rollingWith(10), rollingWith(30), rollingWith(0)])(
    "that are those of the judged position are good, in any order (%#)",
    async (position) => {
      const question = await routeTo(position);
      expect(await found(position, question)).toEqual([]);
      (question.props as { spec: { rules: Rule[] } }).spec.rules.reverse();
      expect(await found(position, question)).toEqual([]);
    },
  );

  const atOld = ({ backendRefs }: Rule) => {
    for (const one of backendRefs) one.name = `api-${old.id}`;
  };

  test.each<[string, (rules: Rule[]) => void]>([
    ["a value", (rules) => Object.assign(rules[1]?.matches[0]?.headers?.[0] ?? {}, { value: ".*" })],
    [
      "a match more",
      (rules) => rules[1]?.matches.push({ queryParams: [{ type: "Exact", name: "a", value: "b" }] }),
    ],
    [
      "a condition less",
      (rules) => Object.assign(rules[1]?.matches[0] ?? {}, { headers: [], method: "GET" }),
    ],
    ["another backend", (rules) => atOld(rules[1]!)],
    [
      "a second backend",
      (rules) => rules[1]?.backendRefs.push({ name: `api-${old.id}`, port: 80, weight: 0 }),
    ],
    ["one rule less", (rules) => rules.pop()],
    ["one rule twice", (rules) => rules.push(rules[1]!)],
  ])("with %s are refused", async (_, tamper) => {
    expect(await found(rollingWith(10), await routeTo(rollingWith(10), tamper))).toEqual([
      "it: its rules beside the weights are not those of the cohorts of the position that was judged: testers",
    ]);
  });

  test("are refused before their stage, and after a rollback", async () => {
    const early = await routeTo(rollingWith(10), (rules) => rules.push(rules[1]!));
    expect(await found(rollingWith(10), early)).toEqual([expect.stringContaining(": testers")]);
    const rule = (await routeTo(rollingWith(10))).props as { spec: { rules: Rule[] } };
    const back = rolledBack(next);
    const left = await routeTo(back, (rules) => rules.push(rule.spec.rules[1]!));
    expect(await found(back, left)).toEqual([expect.stringContaining("judged: none")]);
  });

  test("that take every request are rules of weights, and there is one of these only", async () => {
    const all = await routeTo(rollingWith(10), (rules) => delete rules[1]?.matches[0]?.headers);
    expect(await found(rollingWith(10), all)).toEqual([expect.stringContaining("2 rules for all requests")]);
  });
});
