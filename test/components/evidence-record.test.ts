import { digestOf, payloadOf, readEnvelope } from "../../evidence/chain/envelope";
import { transitionStatement } from "../../evidence/chain/statement";
import type { Intent, Position, TransitionKind } from "../../rollout/record";
import { after, before } from "../rollout/data";
import { completed, next, old, rolledBack, rolling, steady } from "../rollout/releases";
import { envelopeOf, lookAgain, reconciliation, transition } from "./channel";
import type { Registration } from "./engine";
import { backupMade, dataSection } from "./section";

const evidence = (list: Registration[]) =>
  list.filter(({ custom, parent }) => custom && parent === "canary-evidence");
const statementIn = (list: Registration[]) => {
  const envelope = readEnvelope(envelopeOf(list));
  if (envelope === null) throw new Error("no envelope");
  return transitionStatement.parse(JSON.parse(payloadOf(envelope).toString()));
};

const stories: [TransitionKind, Position | null, Position][] = [
  ["install", null, steady()],
  ["start", steady(), rolling(10)],
  ["advance", rolling(30), completed()],
  ["rollback", rolling(30), rolledBack()],
  ["finalize", completed(), steady(next)],
  ["correct", rolling(30), rolling(5)],
];

describe("the evidence of a transition", () => {
  test.each(stories)("%s: is registered between the confirmation and the record", async (kind, from, to) => {
    const { registrations, record } = await transition(kind, from, to);
    const names = registrations.map(({ name }) => name);
    const [own] = evidence(registrations);
    expect(own?.dependencies).toContain("canary-confirmation-command");
    expect(registrations.find(({ name }) => name === "record")?.dependencies).toContain(own?.name);
    expect(names.indexOf(own?.name ?? "")).toBeLessThan(names.indexOf("record"));
    expect(record?.evidence).toEqual({ sequence: 1, sha256: digestOf(envelopeOf(registrations)) });
  });

  test("is an object that cannot be changed and outlives the state, and no other does", async () => {
    const { registrations } = await transition("start", steady(), rolling(10));
    const [own] = evidence(registrations);
    expect(own).toMatchObject({
      type: "kubernetes:core/v1:ConfigMap",
      name: "canary-evidence-1",
      retained: true,
      inputs: {
        immutable: true,
        metadata: {
          name: "shop-canary-evidence-1",
          labels: { "release-channels.dev/evidence-sequence": "1" },
        },
      },
    });
    expect(registrations.filter(({ retained }) => retained)).toEqual([own]);
  });

  test("says what was moved, and follows the one before it", async () => {
    const head = { sequence: 41, sha256: "d".repeat(64) };
    const options = { remembers: { evidence: head } };
    const { registrations, record } = await transition("advance", rolling(10), rolling(30), options);
    const { subject, predicate } = statementIn(registrations);
    expect(subject).toEqual([
      { name: "api", digest: { sha256: "a".repeat(64) } },
      { name: "worker", digest: { sha256: "b".repeat(64) } },
    ]);
    expect(predicate).toMatchObject({
      product: "shop",
      channel: "canary",
      sequence: 42,
      previous: head.sha256,
      transition: { id: "t2", kind: "advance" },
      from: { state: "rolling", weight: 10 },
      to: { state: "rolling", baseline: old.id, candidate: next.id, weight: 30 },
      weights: { api: { [old.id]: 70, [next.id]: 30 } },
      releases: { [next.id]: { version: "1.1.0", hash: next.hash } },
      actor: { name: "ann", verifiedBy: null },
      signedBy: null,
      unsigned: "a story",
      judgedBy: null,
    });
    expect(record?.evidence?.sequence).toBe(42);
    expect(evidence(registrations).map(({ name }) => name)).toEqual(["canary-evidence-42"]);
  });

  test("of a rollback is about what it goes back to", async () => {
    const { registrations } = await transition(
      "rollback",
      rolling(30, after, before),
      rolledBack(after, before),
    );
    const { subject } = statementIn(registrations);
    expect(subject).toEqual(
      Object.entries(before.services).map(([name, { image }]) => ({
        name,
        digest: { sha256: image.slice(-64) },
      })),
    );
  });

  test("tells of the copy that was made, and of what ran", async () => {
    const options = { channel: dataSection };
    const { registrations } = await transition("start", steady(before), rolling(10, after, before), options);
    const { predicate } = statementIn(registrations);
    expect(predicate.backup).toEqual(backupMade);
    expect(predicate.plan.migrations.length).toBeGreaterThan(0);
    expect(predicate.plan.companions).toHaveLength(1);
  });

  test("knows the policy pack by what it wrote into the intent", async () => {
    const judgedBy = { name: "release-channels", version: "1.0.0", tightening: {}, loosened: ["images"] };
    const { registrations } = await transition("start", steady(), rolling(10), {
      answers: { intent: { input: { judgedBy } } },
    });
    expect(statementIn(registrations).predicate.judgedBy).toEqual(judgedBy);
  });

  test("is not known in a preview, but for its name", async () => {
    const { registrations } = await transition("start", steady(), rolling(10), { preview: true });
    const [own] = evidence(registrations);
    expect(own?.inputs.metadata).toMatchObject({ name: "shop-canary-evidence-1" });
    expect(JSON.stringify(own?.inputs.data ?? null)).not.toContain("payload");
  });
});

describe("where nothing changes", () => {
  test("the newest evidence stays registered as it is, and no other", async () => {
    const made = await transition("start", steady(), rolling(10));
    const intent = made.registrations.find(({ name }) => name === "intent")?.inputs.input as Intent;
    const keptEvidence = envelopeOf(made.registrations);
    const again = await lookAgain(made.record!, intent, { keptEvidence });
    expect(evidence(again.registrations)).toMatchObject([
      { inputs: evidence(made.registrations)[0]!.inputs, retained: true },
    ]);
  });

  test.each([{}, { evidence: { sequence: 7, sha256: "d".repeat(64) } }])(
    "none is made up where the state has none (%#)",
    async (remembers) => {
      const { registrations } = await reconciliation(rolling(10), remembers);
      expect(evidence(registrations)).toEqual([]);
    },
  );
});
