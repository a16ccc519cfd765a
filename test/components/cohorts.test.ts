import { rollingWith } from "../rollout/cohort-positions";
import { next, old, rolledBack, rolling, steady } from "../rollout/releases";
import { reconciliation, transition } from "./channel";
import type { Registration } from "./engine";

function named(list: Registration[], name: string): Registration["inputs"] {
  const found = list.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`no resource is named ${name}`);
  return found.inputs;
}
const rulesOf = (list: Registration[]) =>
  (named(list, "canary-api-route").spec as { rules: { matches: unknown; backendRefs: unknown }[] }).rules;
const askedOf = (list: Registration[]) => {
  const { stdin } = named(list, "canary-confirmation-command");
  return (JSON.parse(String(stdin)) as { services: Record<string, unknown>[] }).services[0];
};

const backend = (release: { id: string }, weight: number) => ({
  group: "",
  kind: "Service",
  name: `api-${release.id}`,
  port: 80,
  weight,
});
const path = { type: "PathPrefix", value: "/" };
const weighted = (weight: number) => ({
  matches: [{ path }],
  backendRefs: [backend(old, 100 - weight), backend(next, weight)],
});
const berlin = {
  type: "RegularExpression",
  name: "Cookie",
  value: "^(?:.*;)?[ \\t]*region=berlin[ \\t]*(?:;.*)?$",
};
const tester = { type: "Exact", name: "x-tester", value: "1" };
const wholly = (header: object) => ({
  matches: [{ path, headers: [header] }],
  backendRefs: [backend(next, 100)],
});

describe("the route of a channel with cohorts", () => {
  test("has a rule for each that is in force, written out in full, beside that of the weights", async () => {
    const { registrations } = await transition("start", steady(), rollingWith(10));
    expect(rulesOf(registrations)).toEqual([weighted(10), wholly(tester)]);
    const later = await transition("advance", rollingWith(10), rollingWith(30));
    expect(rulesOf(later.registrations)).toEqual([weighted(30), wholly(berlin), wholly(tester)]);
  });

  test("has none of them after a rollback, at 0 and at 100 %: in the write that moves the weight", async () => {
    const back = { ...rolledBack(), cohorts: rollingWith(30).cohorts! };
    const { registrations } = await transition("rollback", rollingWith(30), back);
    expect(rulesOf(registrations)).toEqual([weighted(0)]);
    const braked = await transition("correct", rollingWith(30), rollingWith(0));
    expect(rulesOf(braked.registrations)).toEqual([weighted(0)]);
    const all = { ...rollingWith(100), state: "completed" as const };
    expect(rulesOf((await transition("advance", rollingWith(30), all)).registrations)).toEqual([
      weighted(100),
    ]);
  });

  test("is the same when nothing changes", async () => {
    const first = await transition("advance", rollingWith(10), rollingWith(30));
    const again = await reconciliation(rollingWith(30));
    expect(rulesOf(again.registrations)).toEqual(rulesOf(first.registrations));
    expect(askedOf(again.registrations)).toEqual(askedOf(first.registrations));
  });

  test("the data plane is asked for them too, and after a rollback that they are back", async () => {
    const { registrations } = await transition("start", steady(), rollingWith(10));
    expect(askedOf(registrations)?.cohorts).toEqual([
      { cohort: "testers", release: next.id, requests: [{ headers: { "x-tester": "1" }, query: {} }] },
    ]);
    const back = { ...rolledBack(), cohorts: rollingWith(30).cohorts! };
    const rollback = await transition("rollback", rollingWith(30), back);
    expect(askedOf(rollback.registrations)?.cohorts).toMatchObject([
      { cohort: "berlin", release: old.id },
      { cohort: "testers", release: old.id },
    ]);
    const without = await transition("start", steady(), rolling(10));
    expect(askedOf(without.registrations)).not.toHaveProperty("cohorts");
  });
});
