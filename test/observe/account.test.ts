import { generateKeyPairSync } from "node:crypto";
import { conclude } from "../../evidence/chain/conclude";
import { payloadOf, readEnvelope, sha256 } from "../../evidence/chain/envelope";
import { keptEvidence, takeAccount } from "../../observe/account";
import { judgeProposal } from "../../observe/judgement";
import type { SnapshotSources } from "../../observe/snapshot";
import { decide } from "../../rollout/plan";
import type { Proposal } from "../../rollout/proposal";
import { describeDecision, explainDecision } from "../../rollout/report";
import { Project } from "../config/files";
import { aKey } from "../evidence/chain/chain";
import { aChannel } from "../gates/transitions";
import { at, completed, liveAt, next, recordOf, rolling, withoutData } from "../rollout/releases";
import { clusterWith, programmedGateway } from "./cluster";
import { sourcesWith } from "./sources";

const record = recordOf(rolling(10));
const to = rolling(30);
let project: Project;
const before = { ...process.env };
beforeEach(() => {
  project = new Project();
});
afterEach(() => {
  process.env = { ...before };
  project.remove();
});

/** What an update to 30 % knows before its first change, and what it has said until then. */
async function accountOf(
  more: Partial<SnapshotSources> = {},
  proposed: Proposal = { kind: "advance", to, why: "" },
) {
  const cluster = clusterWith({ gateway: programmedGateway });
  const sources = sourcesWith({ cluster, projectDir: project.folder, ...more });
  const judgement = await judgeProposal(proposed, record, sources);
  const decision = decide({
    proposal: proposed,
    verdicts: [],
    record,
    interrupted: false,
    live: liveAt(record),
    attempt: 1,
    strictHold: false,
    capacity: { mode: "full", services: {} },
    data: withoutData,
    id: "t2",
    now: at(60),
  });
  if (decision.outcome !== "go") throw new Error("the story has no plan");
  const account = await takeAccount(decision.plan, record, judgement, sources);
  const told = ["canary", proposed, decision, judgement.verdicts] as const;
  const said = `${describeDecision(...told)}\n${JSON.stringify(explainDecision(...told))}`;
  return { account, plan: decision.plan, attribution: judgement.attribution, said };
}

describe("the files that a transition rests on", () => {
  const digests = (files: readonly { path: string; sha256: string }[]) =>
    Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));

  test("are those on disk, by their bytes, with the gates that looked at them", async () => {
    const channel = aChannel({ access: "access.yaml", releases: "releases" });
    for (const file of ["Pulumi.canary.yaml", "slo.yaml", "access.yaml", "releases/1.1.0.yaml"]) {
      project.write(file, `of ${file}`);
    }
    const { account } = await accountOf({ channel });
    expect(digests(account!.files)).toEqual({
      "Pulumi.canary.yaml": sha256("of Pulumi.canary.yaml"),
      "releases/1.1.0.yaml": sha256("of releases/1.1.0.yaml"),
      "slo.yaml": sha256("of slo.yaml"),
      "access.yaml": sha256("of access.yaml"),
    });
    expect(account!.files.find(({ path }) => path === "slo.yaml")?.gates).toEqual(["slo", "error-budget"]);
  });

  test("are that of the channel, too, that the version is promoted from", async () => {
    project.write("Pulumi.beta.yaml", "of beta");
    const channel = aChannel({ promotion: { from: "beta" } });
    const done = [{ version: next.version, hash: next.hash, at: at(0) }];
    const readMemory = async () => ({ intent: null, record: recordOf(completed(), { completed: done }) });
    const { account } = await accountOf({ channel, readMemory });
    expect(account!.files).toContainEqual({
      path: "Pulumi.beta.yaml",
      sha256: sha256("of beta"),
      gates: ["promotion"],
    });
  });

  test("of a rollback are no policies, and none of them has to be there", async () => {
    project.write("slo.yaml", "anything");
    const { account } = await accountOf({}, { kind: "rollback", to: rolling(0), why: "" });
    expect(account).toMatchObject({ files: [], snapshot: null });
  });
});

test("a transition goes on with what is recorded, and where nothing changes there is nothing to tell", async () => {
  const { account, plan } = await accountOf();
  expect(account).toMatchObject({ previous: null, signing: { key: null } });
  const sources = sourcesWith();
  const judgement = { verdicts: [], snapshot: null };
  expect(await takeAccount({ ...plan, transition: null }, record, judgement, sources)).toBeNull();
});

test("what is kept is the evidence that the record names", () => {
  const evidence = { "shop-canary-evidence-7": "seven", "shop-canary-evidence-8": "eight" };
  const named = recordOf(rolling(10), { evidence: { sequence: 7, sha256: "a".repeat(64) } });
  expect(keptEvidence(named, { evidence }, "shop", "canary")).toBe("seven");
  expect(keptEvidence(named, { evidence: {} }, "shop", "canary")).toBeNull();
  expect(keptEvidence(record, { evidence }, "shop", "canary")).toBeNull();
  expect(keptEvidence(null, { evidence }, "shop", "canary")).toBeNull();
});

test("no secret of the environment is in evidence, record, report, or what is printed", async () => {
  const canary = "hunter2-canary";
  const personal = generateKeyPairSync("ed25519")
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
  const key = await aKey();
  const secrets = {
    RELEASE_EVIDENCE_KEY: key.pem,
    RELEASE_SIGNING_KEY: personal,
    RELEASE_OIDC_TOKEN: `eyJhbGciOiJub25lIn0.${Buffer.from(canary).toString("base64url")}.${canary}`,
    PULUMI_CONFIG_PASSPHRASE: canary,
    PULUMI_ACCESS_TOKEN: canary,
    DATABASE_URL: `postgres://shop:${canary}@db/shop`,
  };
  Object.assign(process.env, secrets);
  const policies = { ...sourcesWith().policies, access: () => ({ identities: [] }) };
  const prometheus = { url: `http://ann:${canary}@127.0.0.1:1`, scrapeInterval: 1 };
  const channel = { ...aChannel({ access: "access.yaml" }), prometheus };
  const { account, plan, attribution, said } = await accountOf({ policies, channel });
  const confirmed = { id: "t2", confirmedAt: at(100), services: {} };
  const made = conclude(
    { product: "shop", channel: "canary", record, plan, attribution, account: account! },
    { confirmed, backup: null, judgedBy: undefined },
  );
  const payload = payloadOf(readEnvelope(made.evidence.text)!).toString();
  expect(JSON.parse(payload).predicate.signedBy).toBe(key.trusted[0]?.id);
  const outputs = [payload, made.evidence.text, JSON.stringify(made.record), said];
  const needles = [key.pem, personal].map((pem) => pem.split("\n")[1]!);
  for (const output of outputs) {
    for (const needle of [canary, Buffer.from(canary).toString("base64url"), ...needles]) {
      expect(output).not.toContain(needle);
    }
  }
});
