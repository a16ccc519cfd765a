import { generateKeyPairSync } from "node:crypto";
import { type AccessPolicy, accessPolicy } from "../../config/schemas/access";
import { trustedKeys } from "../../evidence/chain/keys";
import { observeEvidenceKey } from "../../observe/evidence-key";
import { evidenceKey } from "../../policies/gates/evidence-key";
import { Project } from "../config/files";
import { aKey } from "../evidence/chain/chain";
import { transition } from "../gates/transitions";
import { at } from "../rollout/releases";
import { sourcesWith } from "./sources";

const names = ["RELEASE_EVIDENCE_KEY", "RELEASE_EVIDENCE_KEY_FILE"] as const;
afterEach(() => {
  for (const name of names) delete process.env[name];
});

async function verdict(access: AccessPolicy | null, projectDir = "/nowhere") {
  const { policies, channel } = sourcesWith();
  const source = await observeEvidenceKey({
    policies: { ...policies, access: () => access },
    projectDir,
    channel,
    now: new Date(at(3600)),
  });
  return evidenceKey(transition({ snapshot: { evidenceKey: source } }));
}

const accessOf = (required: boolean, ...keys: object[]) =>
  accessPolicy.parse({ evidence: { required, keys } });

describe("the key that evidence is signed with", () => {
  test("is nobody's business where none is asked for and none is given", async () => {
    expect(await verdict(null)).toMatchObject({ status: "skipped" });
    expect(await verdict(accessOf(false, (await aKey()).entry))).toMatchObject({ status: "skipped" });
  });

  test("that is missing holds where it is asked for", async () => {
    expect(await verdict(accessOf(true, (await aKey()).entry))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/no key is given: set RELEASE_EVIDENCE_KEY_FILE/),
    });
  });

  test("is good where it is one of those that are trusted now", async () => {
    const key = await aKey({ from: at(0), until: at(7200) });
    process.env.RELEASE_EVIDENCE_KEY = key.pem;
    expect(await verdict(accessOf(true, (await aKey()).entry, key.entry))).toMatchObject({
      status: "pass",
      observed: key.trusted[0]?.id,
    });
    expect(await verdict(null)).toMatchObject({ status: "pass" });
  });

  test("is its RFC 7638 thumbprint, as of the key in RFC 8037", async () => {
    const access = accessPolicy.parse({
      evidence: {
        keys: [
          {
            ed25519: Buffer.from("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "base64url").toString(
              "base64",
            ),
          },
        ],
      },
    });
    expect((await trustedKeys(access))[0]?.id).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  test.each([
    [{ until: at(60) }, /is valid from ever until 2026-01-01T00:01:00/],
    [{ from: at(7200) }, /is valid from 2026-01-01T02:00:00/],
    [{ until: at(3600 + 599) }, /and this update may last until 2026-01-01T01:10:00/],
  ])("holds when it is not valid now (%#)", async (validity, reason) => {
    const key = await aKey(validity);
    process.env.RELEASE_EVIDENCE_KEY = key.pem;
    expect(await verdict(accessOf(false, key.entry))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(reason),
    });
  });

  test("holds when nobody trusts it", async () => {
    process.env.RELEASE_EVIDENCE_KEY = (await aKey()).pem;
    expect(await verdict(accessOf(false, (await aKey()).entry))).toMatchObject({
      status: "hold",
      reason: expect.stringMatching(/is none of the access file's/),
    });
  });

  test.each([
    ["no key at all", "RELEASE_EVIDENCE_KEY", "hunter2"],
    [
      "a key of another kind",
      "RELEASE_EVIDENCE_KEY",
      generateKeyPairSync("x25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    ],
    ["a file that is not there", "RELEASE_EVIDENCE_KEY_FILE", "/nowhere/key.pem"],
  ] as const)("holds when it is %s, and is not quoted", async (_, name, value) => {
    process.env[name] = value;
    const said = await verdict(null);
    expect(said.status).toBe("hold");
    if (name === "RELEASE_EVIDENCE_KEY") expect(said.reason).not.toContain(value.slice(30, 60) || value);
  });

  test("may come from a file", async () => {
    const key = await aKey();
    const project = new Project();
    process.env.RELEASE_EVIDENCE_KEY_FILE = project.write("evidence.pem", key.pem);
    expect(await verdict(accessOf(true, key.entry))).toMatchObject({ status: "pass" });
    process.env.RELEASE_EVIDENCE_KEY_FILE = "evidence.pem";
    expect(await verdict(accessOf(true, key.entry), project.folder)).toMatchObject({ status: "pass" });
    project.remove();
  });

  test("that cannot be judged holds", () => {
    const source = { status: "unavailable", problem: "no answer" } as const;
    expect(evidenceKey(transition({ snapshot: { evidenceKey: source } })).status).toBe("hold");
  });
});
