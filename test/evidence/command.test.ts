import { generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020";
import addFormats from "ajv-formats";
import { stringify } from "yaml";
import { catalogueNames } from "../../config/schemas/evidence";
import type { CheckReport } from "../../evidence/check";
import { runEvidence } from "../../evidence/command";
import { aChannel } from "../gates/transitions";
import { aFile } from "../rollout/releases";
import { EvidenceProject, now, signer } from "./project";

let project: EvidenceProject;
beforeEach(() => {
  project = new EvidenceProject();
  project.write("Pulumi.yaml", "name: release-channels\n");
  for (const version of ["1.0.0", "1.1.0"]) {
    project.write(`releases/${version}.yaml`, stringify(aFile(version)));
  }
  configure();
  project.write("evidence.yaml", policy);
});
afterEach(() => project.remove());

const policy = `kinds:
  stress: { pattern: "{{version}}/stress.json", schema: stress }
  smoke: { pattern: "{{version}}/{{channel}}/smoke.json", schema: smoke-checklist, neededAt: 30 }
  drill: { pattern: "{{version}}/drill.json", schema: rollback-drill, when: { change: [major] } }
`;

function configure(section: object = {}) {
  const { product, namespace, gateway } = aChannel();
  const channel = { product, namespace, gateway, services: { api: {}, worker: {} }, ...section };
  project.write(
    "Pulumi.canary.yaml",
    stringify({
      config: {
        "release-channels:version": "1.1.0",
        "release-channels:attempt": 2,
        "release-channels:strictHold": true,
        "release-channels:channel": channel,
      },
    }),
  );
}

const example = (path: string) => JSON.parse(readFileSync(join(__dirname, "good", path), "utf8"));
const stressIsIn = () => project.json("1.1.0/stress.json", example("stress/two-profiles.json"));
const smokeIsIn = () => project.json("1.1.0/canary/smoke.json", example("smoke-checklist/one-left-out.json"));

async function run(...args: string[]) {
  let out = "";
  let err = "";
  const code = await runEvidence(args, {
    projectDir: project.folder,
    now,
    write: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}
const check = async (...args: string[]) => {
  const { code, out } = await run("check", "--json", ...args);
  const report = JSON.parse(out) as CheckReport;
  return { code, states: Object.fromEntries(report.kinds.map(({ kind, state }) => [kind, state])), report };
};

describe("evidence check", () => {
  test("shows every kind in a table of at most 100 columns, and exits 1 while something is missing", async () => {
    stressIsIn();
    const { code, out, err } = await run("check", "--baseline", "1.0.0");
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toBe(`1.1.0 in canary, by evidence.yaml, up to finalize

  kind                 needed   state
  stress               start    in        1.1.0/stress.json was produced 2026-01-01T00:30:00.000Z
  smoke                30 %     missing   no report for 1.1.0 is in; expected as
                                          1.1.0/canary/smoke.json
  drill                start    not asked of other releases only (\`when\`)

1 of 3 kinds are missing or bad.
What a report has to look like: npm run evidence -- schema <name>
`);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("exits 0 when all that is needed is in", async () => {
    stressIsIn();
    smokeIsIn();
    const { code, states } = await check("--baseline", "1.0.0");
    expect({ code, states }).toEqual({ code: 0, states: { stress: "in", smoke: "in", drill: "not asked" } });
  });

  test("without a baseline asks what is asked of a first release", async () => {
    stressIsIn();
    smokeIsIn();
    expect(await check()).toMatchObject({ code: 1, states: { drill: "missing" } });
  });

  test.each<[string, number, string]>([
    ["start", 0, "later"],
    ["10", 0, "later"],
    ["30", 1, "missing"],
    ["100", 1, "missing"],
    ["finalize", 1, "missing"],
  ])("--stage %s asks for what is needed up to there", async (stage, code, smoke) => {
    stressIsIn();
    expect(await check("--baseline", "1.0.0", "--stage", stage)).toMatchObject({ code, states: { smoke } });
  });

  test("a report that cannot count is bad, and of a later step only later", async () => {
    project.write("1.1.0/stress.json", "{");
    project.write("1.1.0/canary/smoke.json", "{");
    expect(await check("--baseline", "1.0.0", "--stage", "start")).toMatchObject({
      code: 1,
      states: { stress: "bad", smoke: "later" },
      report: {
        complete: false,
        kinds: [{ reason: "1.1.0/stress.json: is not JSON in UTF-8; mend it, or remove it" }, {}, {}],
      },
    });
  });

  test("what only a later step needs may be in already", async () => {
    smokeIsIn();
    expect((await check("--baseline", "1.0.0", "--stage", "start")).states).toMatchObject({ smoke: "in" });
  });

  test("takes another version, and another policy", async () => {
    project.write(
      "other.yaml",
      'kinds: { stress: { pattern: "stress-{{version}}.json", schema: stress } }\n',
    );
    const { report } = await check("--version", "1.0.0", "--policy", "other.yaml");
    expect(report).toMatchObject({
      version: "1.0.0",
      policy: "other.yaml",
      kinds: [{ reason: "no report for 1.0.0 is in; expected as stress-1.0.0.json" }],
    });
  });

  test("takes the policy that the channel names", async () => {
    project.write("own.yaml", "kinds: {}\n");
    configure({ evidence: "own.yaml" });
    expect((await check()).report.policy).toBe("own.yaml");
  });

  test.each<[string, () => unknown, string[], RegExp]>([
    ["a channel that there is not", () => {}, ["--channel", "beta"], /Pulumi\.beta\.yaml: file not found/],
    [
      "a version that there is not",
      () => {},
      ["--version", "9.9.9"],
      /9\.9\.9\.yaml: file not found; known versions: 1\.0\.0, 1\.1\.0/,
    ],
    [
      "a policy that is broken",
      () => project.write("evidence.yaml", "kinds: { a: { pattern: x, schema: y } }"),
      [],
      /evidence\.yaml:1:\d+ kinds\.a\.schema: found "y"/,
    ],
    [
      "a stage that there is not",
      () => {},
      ["--stage", "later"],
      /Expected start, finalize or a weight such as 30/,
    ],
    ["a stage out of range", () => {}, ["--stage", "300"], /Expected start, finalize or a weight such as 30/],
    ["an option that there is not", () => {}, ["--chanel", "canary"], /unknown option '--chanel'/],
  ])("exits 2 and says what is wrong with %s", async (_, prepare, args, message) => {
    prepare();
    const { code, out, err } = await run("check", ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

describe("evidence sign", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const ed25519 = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  const sign = (...args: string[]) => run("sign", "1.1.0/stress.json", "--key-file", "sam.pem", ...args);

  beforeEach(() => {
    stressIsIn();
    project.write("sam.pem", pem);
    project.write(
      "access.yaml",
      stringify({ identities: [{ name: "sam", roles: ["operations"], keys: [{ id: "sam-1", ed25519 }] }] }),
    );
    configure({ access: "access.yaml" });
    project.write(
      "evidence.yaml",
      'kinds: { stress: { pattern: "{{version}}/*.json", schema: stress, signedBy: [operations] } }\n',
    );
  });

  test("makes a report count that has to be signed, until it is changed", async () => {
    expect((await check()).states).toEqual({ stress: "bad" });
    expect(await sign()).toEqual({
      code: 0,
      out: "1.1.0/stress.json.jws: signed by sam, who is operations\n",
      err: "",
    });
    expect(await check()).toMatchObject({ code: 0, states: { stress: "in" } });
    project.json("1.1.0/stress.json", { ...example("stress/two-profiles.json"), tool: "an editor" });
    expect((await check()).states).toEqual({ stress: "bad" });
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "no report",
      () => rmSync(join(project.folder, "1.1.0/stress.json")),
      /^1\.1\.0\/stress\.json cannot be read: ENOENT/,
    ],
    ["no key file", () => rmSync(join(project.folder, "sam.pem")), /^sam\.pem cannot be read: ENOENT/],
    [
      "what is no key",
      () => project.write("sam.pem", "looks like a key"),
      /The key file holds no ed25519 private key in PEM/,
    ],
    [
      "a key of another kind",
      () =>
        project.write(
          "sam.pem",
          generateKeyPairSync("ec", { namedCurve: "P-256" })
            .privateKey.export({ format: "pem", type: "pkcs8" })
            .toString(),
        ),
      /The key file holds no ed25519 private key in PEM/,
    ],
    [
      "somebody else's key",
      () => project.write("access.yaml", stringify({ identities: [signer("sam", []).identity] })),
      /The key is nobody's in the access file\. Its public half, to be added there under `keys`: [A-Za-z0-9+/]{43}=/,
    ],
    ["no access file", () => configure(), /The channel canary names no access file \(key channel\.access\)/],
  ])("does not sign with %s, and never shows the key", async (_, prepare, message) => {
    prepare();
    const { code, err } = await sign();
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(existsSync(join(project.folder, "1.1.0/stress.json.jws"))).toBe(false);
    expect(err).not.toContain(pem.split("\n")[1]);
  });
});

describe("evidence schemas", () => {
  test("lists every one with what it is for", async () => {
    const { code, out } = await run("schemas");
    expect(code).toBe(0);
    for (const name of catalogueNames) expect(out).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test.each(catalogueNames)("prints %s whole, to be used anywhere", async (name) => {
    const validate = addFormats(new Ajv2020({ strictTypes: false, strictRequired: false })).compile(
      JSON.parse((await run("schema", name)).out),
    );
    for (const file of readdirSync(join(__dirname, "good", name))) {
      expect(validate(example(`${name}/${file}`))).toBe(true);
    }
    expect(validate({})).toBe(false);
  });

  test("says which there are, of one that there is not", async () => {
    expect(await run("schema", "load")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^There is no schema load; there are backup, /),
    });
  });

  test("help is no mistake, and nothing asked for is one", async () => {
    expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("check") });
    expect((await run()).code).toBe(2);
  });
});
