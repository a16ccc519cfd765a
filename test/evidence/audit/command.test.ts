import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020";
import { stringify } from "yaml";
import { runAudit } from "../../../evidence/audit/command";
import { payloadOf, readEnvelope } from "../../../evidence/chain/envelope";
import type { Cluster } from "../../../observe/kubernetes";
import { Project } from "../../config/files";
import { aChannel, transition } from "../../gates/transitions";
import { at } from "../../rollout/releases";
import { aKey, type Chain, chainOf, simpleChain, unsigned } from "../chain/chain";
import { clusterOf } from "./cluster";

let project: Project;
let key: Awaited<ReturnType<typeof aKey>>;
let chain: Chain;
/** Another one than that of the chain. */
let cluster: Cluster | undefined;

beforeAll(async () => {
  key = await aKey();
});
beforeEach(() => {
  project = new Project();
  chain = simpleChain(5, key.signing);
  cluster = undefined;
  const { product, namespace, gateway } = aChannel();
  const channel = { product, namespace, gateway, services: {}, access: "access.yaml" };
  project.write("Pulumi.yaml", "name: release-channels\n");
  project.write(
    "Pulumi.canary.yaml",
    stringify({ config: { "release-channels:version": "1.1.0", "release-channels:channel": channel } }),
  );
  project.write("access.yaml", stringify({ evidence: { required: true, keys: [key.entry] } }));
});
afterEach(() => project.remove());

async function run(...args: string[]) {
  let [out, err] = ["", ""];
  const code = await runAudit(args, {
    projectDir: project.folder,
    environment: { RELEASE_EVIDENCE_KEY: key.pem },
    now: new Date(at(0)),
    write: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
    cluster: () => cluster ?? clusterOf(chain),
  });
  return { code, out, err };
}

describe("verify", () => {
  test("says that nothing was removed or changed, and what the newest is", async () => {
    const { code, out } = await run("verify");
    const { sequence, sha256 } = chain.record!.evidence!;
    expect(code).toBe(0);
    expect(out).toMatch(/^shop\/canary: 5 transitions, 5 signed, nothing removed or changed/);
    expect(out).toContain(`the newest is ${sequence}, sha256 ${sha256}`);
  });

  test.each<[string, (made: Chain) => Chain, RegExp]>([
    [
      "removed",
      ({ stored, record }) => ({ stored: stored.filter(({ sequence }) => sequence !== 2), record }),
      /^evidence 2: evidence 2 was removed\. Expected a piece of evidence for each transition, from 1 on; found none\./,
    ],
    [
      "cut off",
      ({ stored, record }) => ({ stored: stored.slice(0, 4), record }),
      /^evidence 5: the newest evidence was removed\. Expected 5, as the record in the cluster \(ConfigMap shop-canary-record\) says/,
    ],
    [
      "replaced by an unsigned one",
      ({ record }) => ({ stored: simpleChain(5, unsigned).stored, record }),
      /evidence 1: it is not signed/,
    ],
    ["without a record", ({ stored }) => ({ stored, record: null }), /how far the chain goes is not known/],
    ["that was never written", () => ({ stored: [], record: null }), /neither record nor evidence/],
  ])("finds what was %s, and says so by its exit code", async (_, tamper, message) => {
    chain = tamper(chain);
    const { code, out } = await run("verify");
    expect(code).toBe(1);
    expect(out).toMatch(message);
  });

  test("takes no transition that ends meanwhile for a removed one", async () => {
    const states = [simpleChain(4, key.signing), chain].map(clusterOf);
    let first: string | undefined;
    const answerer = (method: "listNamespacedConfigMap" | "readNamespacedConfigMap") => {
      first ??= method;
      return states[method === first ? 0 : 1]!.core[method] as never;
    };
    cluster = {
      ...states[0]!,
      core: {
        get listNamespacedConfigMap() {
          return answerer("listNamespacedConfigMap");
        },
        get readNamespacedConfigMap() {
          return answerer("readNamespacedConfigMap");
        },
      } as never,
    };
    expect(await run("verify")).toMatchObject({ code: 0, out: expect.stringMatching(/^note: 5: newer/) });
  });

  test("tells programs the same", async () => {
    const { code, out } = await run("verify", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ channel: "canary", verified: true, count: 5, problems: [] });
  });

  test("believes a head that was noted elsewhere more than the record beside the evidence", async () => {
    const noted = chain.record!.evidence!;
    chain = simpleChain(4, key.signing);
    expect((await run("verify")).code).toBe(0);
    const { code, out } = await run("verify", "--head", `${noted.sequence}:${noted.sha256}`);
    expect(code).toBe(1);
    expect(out).toMatch(/the newest evidence was removed\. Expected 5, as --head says/);
  });

  test.each([
    [["verify", "--head", "five"], /expected <sequence>:<sha256>/],
    [["verify", "--file", "nowhere.jsonl"], /nowhere\.jsonl cannot be read: ENOENT/],
    [["verify", "--channel", "nowhere"], /Pulumi\.nowhere\.yaml/],
    [["check"], /unknown command/],
  ])("is told what was wrong with the question: %j", async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe("an export", () => {
  const lines = () => readFileSync(join(project.folder, "all.jsonl"), "utf8").trimEnd().split("\n");
  const rewritten = (edit: (all: string[]) => string[]) =>
    project.write("all.jsonl", `${edit(lines()).join("\n")}\n`);
  beforeEach(async () => {
    expect(await run("export", "--out", "all.jsonl")).toMatchObject({ code: 0 });
  });

  test("verifies without the cluster", async () => {
    chain = { stored: [], record: null };
    expect(await run("verify", "--file", "all.jsonl")).toMatchObject({ code: 0 });
  });

  test("is judged by the command itself, elsewhere, with the keys alone", async () => {
    const root = join(__dirname, "../../..");
    const args = ["run.cjs", "evidence/audit/cli.ts", "verify"];
    const paths = [
      "--file",
      join(project.folder, "all.jsonl"),
      "--access",
      join(project.folder, "access.yaml"),
    ];
    rewritten((all) => all.filter((_, index) => index !== 3));
    await expect(
      promisify(execFile)(process.execPath, [...args, ...paths], { cwd: root }),
    ).rejects.toMatchObject({ code: 1, stdout: expect.stringMatching(/evidence 3 was removed/) });
  }, 30_000);

  test.each<[string, (all: string[]) => string[], RegExp]>([
    ["cut off", (all) => all.slice(0, -1), /the newest evidence was removed/],
    ["emptied", (all) => all.slice(0, 1), /nothing at all/],
    ["doubled", (all) => [...all, all[2]!], /the chain forks/],
    ["renumbered", (all) => all.map((one) => one.replace('"sequence":2', '"sequence":3')), /2 was removed/],
  ])("that was %s is found out", async (_, edit, message) => {
    rewritten(edit);
    const { code, out } = await run("verify", "--file", "all.jsonl");
    expect(code).toBe(1);
    expect(out).toMatch(message);
  });

  test("is of the channel that was asked for, and judged by that one's keys", async () => {
    const { code, err } = await run("verify", "--file", "all.jsonl", "--channel", "stable");
    expect(code).toBe(2);
    expect(err).toBe("all.jsonl is of shop/canary, and --channel asks for stable.\n");
    rewritten((all) => all.map((one) => one.replace('"channel":"canary"', '"channel":"../x"')));
    expect(await run("verify", "--file", "all.jsonl")).toMatchObject({ code: 2 });
  });

  test("keeps what the record says, not what was noted elsewhere", async () => {
    const noted = `5:${"d".repeat(64)}`;
    expect(await run("export", "--head", noted)).toMatchObject({
      code: 1,
      out: expect.stringContaining(`"head":${JSON.stringify(chain.record?.evidence)}`),
      err: expect.stringMatching(/it is not the one that --head names/),
    });
  });

  test("may be in another order", async () => {
    rewritten(([first = "", ...rest]) => [first, ...rest.reverse()]);
    expect(await run("verify", "--file", "all.jsonl")).toMatchObject({ code: 0 });
  });

  test.each<[(all: string[]) => string[], RegExp]>([
    [(all) => all.slice(1), /all\.jsonl:1: found no export of evidence/],
    [
      (all) => all.map((one, index) => (index === 2 ? one.slice(0, 20) : one)),
      /all\.jsonl:3: found no evidence/,
    ],
  ])("that is none cannot be judged (%#)", async (edit, message) => {
    rewritten(edit);
    expect(await run("verify", "--file", "all.jsonl")).toMatchObject({
      code: 2,
      err: expect.stringMatching(message),
    });
  });

  test("is judged by no keys where nobody names some", async () => {
    project.write("Pulumi.canary.yaml", "nothing: here\n");
    const { code, out } = await run("verify", "--file", "all.jsonl");
    expect(code).toBe(1);
    expect(out).toMatch(/its key is not trusted\. Expected a key under evidence\.keys of the access file/);
  });
});

describe("show", () => {
  test("has one line for each transition", async () => {
    const { code, out } = await run("show");
    expect(code).toBe(0);
    expect(out).toMatch(/^ *1 .*install +1\.0\.0 alone +ann \(claimed\)/m);
    expect(out).toMatch(/^ *2 .*start +1\.1\.0 at 10 %/m);
  });

  test.each(["2", "t1"])("has one in full: %s", async (which) => {
    const { code, out } = await run("show", which);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      sequence: 2,
      statement: { predicate: { transition: { id: "t1" } } },
    });
  });

  test("warns of what cannot be relied on", async () => {
    chain = { ...chain, stored: chain.stored.slice(0, 4) };
    expect(await run("show")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/the newest evidence was removed/),
    });
  });

  test("of what is not there is told", async () => {
    expect(await run("show", "99")).toMatchObject({ code: 1, err: "There is no evidence 99.\n" });
  });
});

describe("the manifest of a release candidate", () => {
  const file = { path: "reports/stress.json", sha256: "e".repeat(64), gates: ["evidence"] };
  const report = {
    kind: "stress",
    file: file.path,
    sha256: file.sha256,
    baselineSha256: null,
    producedAt: at(0),
    releaseCandidateId: "1.1.0-rc.2",
    correlationId: "c",
    problems: [],
    signature: "not-required" as const,
    signatureProblem: null,
  };
  const { snapshot } = transition({ snapshot: { evidence: { status: "known", items: [report] } } });
  const passes = { gate: "evidence", status: "pass" as const, reason: "1 of 1 kinds are in" };
  beforeEach(() => {
    const account = { snapshot, files: [file], verdicts: [passes] };
    const judged = { way: 0, signing: key.signing, account };
    const back = { way: 2, signing: key.signing };
    chain = chainOf([{ way: 0, signing: key.signing }, judged, judged, back]);
  });

  test("has every gate's evidence with its sha256, and all of the rollout", async () => {
    const { code, out } = await run("manifest", "--candidate", "1.1.0-rc.2", "--json");
    expect(code).toBe(0);
    const manifest = JSON.parse(out);
    expect(manifest).toMatchObject({
      verified: true,
      releaseCandidateId: "1.1.0-rc.2",
      releases: { "1.1.0": { images: { api: `local/shop@sha256:${"a".repeat(64)}` } } },
      transitions: [{ kind: "start" }, { kind: "advance" }, { kind: "rollback" }],
    });
    expect(manifest.gates.evidence).toEqual(
      [2, 3].map((sequence) => ({
        ...{ sequence, transition: `t${sequence - 1}`, status: "pass", reason: passes.reason },
        kind: sequence === 2 ? "start" : "advance",
        snapshotSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        files: [{ path: file.path, sha256: file.sha256 }],
      })),
    );
  });

  test("can be read by people", async () => {
    const { out } = await run("manifest", "--candidate", "1.1.0-rc.2");
    expect(out).toMatch(/evidence +pass +2 +1 of 1 kinds are in; reports\/stress\.json eeeeeeeeeeee…/);
  });

  test("of one that nobody released is not there", async () => {
    expect(await run("manifest", "--candidate", "9.9.9")).toMatchObject({
      code: 1,
      err: "No evidence names the release candidate 9.9.9.\n",
    });
  });
});

test("the key's id and its entry for the access file are shown, and the key is not", async () => {
  const { code, out } = await run("key");
  expect(code).toBe(0);
  expect(out).toContain(key.trusted[0]!.id);
  expect(out).toContain(key.entry.ed25519);
  expect(out).not.toContain(key.pem.split("\n")[1]);
});

test("the schema that is printed is that of what is written", async () => {
  const { out } = await run("schema");
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(out));
  const statement = JSON.parse(payloadOf(readEnvelope(chain.stored[1]!.text)!).toString());
  expect(validate(statement)).toBe(true);
  expect(validate({ ...statement, predicateType: "https://example.com" })).toBe(false);
});
