import { conclude } from "../../../evidence/chain/conclude";
import { payloadOf, readEnvelope } from "../../../evidence/chain/envelope";
import { largestSnapshotBytes } from "../../../evidence/chain/snapshot";
import { type TransitionStatement, transitionStatement } from "../../../evidence/chain/statement";
import type { Snapshot } from "../../../policies/gates/input";
import { healthy, transition } from "../../gates/transitions";
import { at, recordOf, rolling, steady } from "../../rollout/releases";
import { aKey, chainOf, type Step, unsigned } from "./chain";

const usual = transition().snapshot;

/** The statement of a start that this account was taken of, and its text as it is stored. */
function told(step: Partial<Step["account"]> = {}): { statement: TransitionStatement; stored: string } {
  const { stored } = chainOf([
    { way: 0, signing: unsigned },
    { way: 0, signing: unsigned, account: step },
  ]);
  const text = stored[1]!.text;
  const payload = payloadOf(readEnvelope(text)!).toString();
  return { statement: transitionStatement.parse(JSON.parse(payload)), stored: `${text}\n${payload}` };
}
const snapshotOf = (more: Partial<Snapshot>) => told({ snapshot: { ...usual, ...more } });

describe("the snapshot in evidence", () => {
  test("is what the gates looked at, with its hash", () => {
    const { snapshot } = snapshotOf({}).statement.predicate;
    expect(snapshot.content).toMatchObject({ takenAt: at(3600), actor: { name: "ann" } });
    expect(snapshot.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(snapshotOf({ takenAt: at(0) }).statement.predicate.snapshot.sha256).not.toBe(snapshot.sha256);
  });

  test("is kept by its hash alone where it would not fit into an object", () => {
    const alerts = Array.from({ length: 2000 }, (_, index) => ({
      ...{ name: `alert-${index}`, severity: "info", activeSince: at(0), summary: "x".repeat(150) },
    }));
    const { statement, stored } = snapshotOf({
      incidents: { status: "known", incidents: [], alerts, problems: [] },
    });
    const { snapshot } = statement.predicate;
    expect(snapshot).toMatchObject({ content: null, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(snapshot.omitted).toContain(`${largestSnapshotBytes}`);
    expect(stored.length).toBeLessThan(20_000);
  });

  test("fits into an object of 1 MiB where it is just kept, with texts that have an end", () => {
    const summary = "y".repeat(100_000);
    const alerts = Array.from({ length: 60 }, (_, index) => ({
      ...{ name: `alert-${index}`, severity: "info", activeSince: at(0), summary },
    }));
    const { statement, stored } = snapshotOf({
      incidents: { status: "known", incidents: [], alerts, problems: [] },
    });
    expect(statement.predicate.snapshot.content).not.toBeNull();
    expect(stored.length).toBeLessThan(1024 * 1024);
  });

  test("tells figures that are none", () => {
    const services = {
      api: { candidate: { requests: Number.NaN, errors: 0, within: {} }, baseline: null, problem: null },
    };
    expect(snapshotOf({ services }).statement.predicate.snapshot.content).toMatchObject({
      services: { api: { candidate: { requests: "NaN" } } },
    });
  });
});

describe("what is secret is not in it", () => {
  const canary = "hunter2-canary";
  const record = recordOf(rolling(30), {
    baseline: {
      ...rolling(30).baseline,
      services: {
        api: {
          ...rolling(30).baseline.services.api!,
          env: { DATABASE_PASSWORD: canary },
        },
      },
    },
  });
  const jwt = `eyJhbGciOiJub25lIn0.${Buffer.from(canary).toString("base64url")}.c2ln`;
  const pem = `-----BEGIN PRIVATE KEY-----\n${canary}\n-----END PRIVATE KEY-----\n`;

  test.each<[string, Partial<Step["account"]>]>([
    [
      "the environment of another channel's release",
      { snapshot: { ...usual, promotion: { status: "known", record, health: healthy() } } },
    ],
    [
      "the last words of a migration",
      {
        snapshot: {
          ...usual,
          live: { ...usual.live, jobs: [{ run: "migrate-1", attempt: 1, status: "failed", says: canary }] },
        },
      },
    ],
    [
      "a password in the address of a source",
      {
        snapshot: {
          ...usual,
          incidents: { status: "unavailable", problem: `http://ann:${canary}@prometheus/ does not answer` },
        },
      },
    ],
    ...[
      `postgres://shop:${canary}@db/shop refused`,
      // Where a text is cut off: half a secret is one too.
      `${"x".repeat(4070)} postgres://shop:${canary}@db/shop`,
      `https://${canary}@git.example/shop`,
      `Authorization: Bearer ${canary}`,
      `RELEASE_OIDC_TOKEN: ${jwt}`,
      `the token ${jwt} has ended`,
      pem,
      `PASSWORD=${canary}`,
      `{"api_key": "${canary}"}`,
    ].map((reason): [string, Partial<Step["account"]>] => [
      `a gate's reason, ${JSON.stringify(reason.slice(0, 24))}`,
      { verdicts: [{ gate: "slo", status: "pass", reason, observed: reason, expected: reason }] },
    ]),
  ])("%s", (_, account) => {
    const { stored } = told(account);
    // Nor the beginning of it, where a text was cut off.
    expect(stored).not.toContain(canary.slice(0, 7));
    expect(stored).not.toContain(Buffer.from(canary).toString("base64url"));
  });

  test("nor the key it is signed with, nor the environment of its own releases", async () => {
    const key = await aKey();
    const secret = { api: { ...rolling(10).baseline.services.api!, env: { TOKEN: canary } } };
    const baseline = { ...rolling(10).baseline, services: secret };
    const to = { ...rolling(10), baseline };
    const plan = {
      transition: { id: "t2", kind: "start" as const, startedAt: at(0), attempt: 1 },
      from: steady(baseline),
      ...{ to, releases: [], sizes: {}, why: "", restore: null },
      data: { companions: [], migrations: [], reconciliations: [] },
    };
    const account = { previous: null, verdicts: [], snapshot: null, files: [], signing: key.signing };
    const { evidence } = conclude(
      {
        ...{ product: "shop", channel: "canary", plan, account },
        record: recordOf(steady(baseline)),
        attribution: { actor: "ann", reason: `because of ${pem}` },
      },
      { confirmed: { id: "t2", confirmedAt: at(60), services: {} }, backup: null, judgedBy: undefined },
    );
    const payload = payloadOf(readEnvelope(evidence.text)!).toString();
    expect(payload).not.toContain(canary);
    for (const text of key.pem.split("\n").filter((line) => line !== "" && !line.startsWith("---"))) {
      expect(`${payload}${evidence.text}`).not.toContain(text);
    }
  });
});
