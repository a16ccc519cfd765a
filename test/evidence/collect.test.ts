import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../config/files";
import { next } from "../rollout/releases";
import { accessOf, EvidenceProject, identity, kinds, signer, subject } from "./project";

let project: EvidenceProject;
beforeEach(() => {
  project = new EvidenceProject();
});
afterEach(() => project.remove());

const stress = (more: object = {}) => ({
  ...identity,
  profiles: [{ name: "peak", target_rps: 10, achieved_rps: 10, error_rate: 0, passed: true }],
  ...more,
});
const anyStress = { pattern: "reports/*.json", schema: "stress" };

describe("the newest report of the release", () => {
  test("is told with its checksum, its time in UTC and its ids", async () => {
    const bytes = project.json("reports/a.json", stress({ produced_at: "2026-01-01T01:30:00+01:00" }));
    expect(await project.collectOne(anyStress)).toEqual({
      kind: "one",
      file: "reports/a.json",
      sha256: createHash("sha256").update(bytes).digest("hex"),
      baselineSha256: null,
      producedAt: "2026-01-01T00:30:00.000Z",
      releaseCandidateId: identity.release_candidate_id,
      correlationId: identity.correlation_id,
      problems: [],
      signature: "not-required",
      signatureProblem: null,
    });
  });

  test("is the newest by the time in it, whatever it is called and whenever it was written", async () => {
    project.json("reports/a.json", stress({ produced_at: "2026-01-01T00:50:00Z" }));
    project.json("reports/z.json", stress({ produced_at: "2026-01-01T00:10:00Z" }));
    expect((await project.collectOne(anyStress)).file).toBe("reports/a.json");
  });

  test("may be a later and worse one: the good one before it does not count any more", async () => {
    project.json("reports/a.json", stress());
    project.json("reports/b.json", stress({ produced_at: "2026-01-01T00:55:00Z", profiles: [] }));
    expect(await project.collectOne(anyStress)).toMatchObject({
      file: "reports/b.json",
      problems: ["/profiles must NOT have fewer than 1 items"],
    });
  });

  test.each<[string, object, string]>([
    ["version", { version: "v1.1.0" }, "v1.1.0"],
    ["release file", { release_hash: "f".repeat(64) }, `another release file, sha256 ${"f".repeat(64)}`],
  ])("is none of another %s, which is told where there is no other", async (_, more, of) => {
    project.json("reports/newer.json", stress({ ...more, produced_at: "2026-01-01T00:59:00Z" }));
    expect(await project.collectOne(anyStress)).toMatchObject({
      file: null,
      passedOver: { file: "reports/newer.json", of },
    });
    project.json("reports/own.json", stress({ release_hash: next.hash }));
    const { file, passedOver } = await project.collectOne(anyStress);
    expect({ file, passedOver }).toEqual({ file: "reports/own.json" });
  });

  test("is looked for by version, channel and hash", async () => {
    const kind = { pattern: "{{channel}}/{{ version }}/{{hash}}.json", schema: "stress" };
    project.json(`canary/1.1.0/${next.hash}.json`, stress());
    project.json(`stable/1.1.0/${next.hash}.json`, stress());
    expect((await project.collectOne(kind)).file).toBe(`canary/1.1.0/${next.hash}.json`);
  });

  test("of a version with signs that patterns use is that version's", async () => {
    const about = { ...subject, release: { ...next, version: "1.1.0+a.b" } };
    project.json("1.1.0+a.b.json", stress({ version: "1.1.0+a.b" }));
    const policy = kinds({ one: { pattern: "{{version}}.json", schema: "stress" } });
    expect((await project.collect(policy, about))[0]).toMatchObject({ file: "1.1.0+a.b.json", problems: [] });
  });

  test("is nothing where there is no folder, only a folder of that name, or a link to nowhere", async () => {
    expect((await project.collectOne(anyStress)).file).toBeNull();
    mkdirSync(join(project.folder, "reports/x.json"), { recursive: true });
    symlinkSync("nowhere", join(project.folder, "reports/y.json"));
    expect((await project.collectOne(anyStress)).file).toBeNull();
  });
});

describe("a report that cannot be relied on", () => {
  const garbage: [string, string | Buffer, string[]][] = [
    ["half-written", '{"version": "1.1.0", ', ["is not JSON in UTF-8; mend it, or remove it"]],
    ["empty", "", ["is not JSON in UTF-8; mend it, or remove it"]],
    [
      "with a byte that is no UTF-8",
      Buffer.concat([Buffer.from('{"tool": "'), Buffer.from([0xe9]), Buffer.from('"}')]),
      ["is not JSON in UTF-8; mend it, or remove it"],
    ],
    ["no text at all", Buffer.from([0xff, 0xfe, 0x00]), ["is not JSON in UTF-8; mend it, or remove it"]],
  ];
  test.each(garbage)("%s is a problem and not passed over for an older one", async (_, content, problems) => {
    project.json("reports/a.json", stress());
    project.write("reports/b.json", content as string);
    expect(await project.collectOne(anyStress)).toMatchObject({
      file: "reports/b.json",
      problems,
      producedAt: null,
    });
  });

  test.each(["null", "[]", "3", '"1.1.0"', '{"__proto__": {"version": "1.1.0"}}'])(
    "%s says nothing of itself",
    async (content) => {
      project.write("reports/a.json", content);
      const { problems } = await project.collectOne(anyStress);
      expect(problems).toHaveLength(4);
      expect(problems[0]).toBe("does not say which version it is about (version)");
    },
  );

  test("with many problems tells some, and how many more there are", async () => {
    const profiles = Array.from({ length: 9 }, () => ({ name: "" }));
    project.json("reports/a.json", stress({ profiles }));
    const { problems } = await project.collectOne(anyStress);
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)).toMatch(/^and \d+ more$/);
  });

  test("may begin with the byte order mark that some systems write", async () => {
    project.write("reports/a.json", `\uFEFF${JSON.stringify(stress())}`);
    expect((await project.collectOne(anyStress)).problems).toEqual([]);
  });
});

describe("conditions", () => {
  const report = stress({
    details: { rate: 0.5, state: "green", done: true, list: [1, 2], "a/b": { "~": 1 } },
  });

  test.each<[string, string, string | number | boolean, boolean]>([
    ["/details/rate", "≤", 0.5, true],
    ["/details/rate", "<", 0.5, false],
    ["/details/rate", "≥", 0.5, true],
    ["/details/rate", ">", 0.4, true],
    ["/details/rate", ">", 0.5, false],
    ["/details/rate", "=", 0.5, true],
    ["/details/rate", "≠", 0.5, false],
    ["/details/state", "=", "green", true],
    ["/details/state", "≠", "red", true],
    ["/details/state", "≠", 3, false],
    ["/details/state", "≤", 3, false],
    ["/details/done", "=", true, true],
    ["/details/done", "=", "true", false],
    ["/details/list", "=", 2, true],
    ["/details/list/1", "=", 2, true],
    ["/details/list/2", "≤", 2, false],
    ["/details/a~1b/~0", "=", 1, true],
    ["/details/gone", "≠", "red", false],
    ["/details/gone", "≤", 1, false],
    ["/details/list/__proto__", "=", 0, false],
    ["/details", "≠", "red", false],
  ])("%s %s %s: %s", async (pointer, is, value, met) => {
    project.json("reports/a.json", report);
    const { problems } = await project.collectOne({ ...anyStress, conditions: [{ pointer, is, value }] });
    expect(problems).toHaveLength(met ? 0 : 1);
  });

  test("what does not meet one is told with what was found", async () => {
    project.json("reports/a.json", report);
    const conditions = [
      { pointer: "/profiles", is: "≥", value: 3 },
      { pointer: "/details/gone", is: "=", value: true },
    ];
    expect((await project.collectOne({ ...anyStress, conditions })).problems).toEqual([
      "/profiles is 1; wanted is ≥ 3",
      "/details/gone is nothing that can be compared; wanted is = true",
    ]);
  });
});

describe("signatures", () => {
  const sam = signer("sam", ["operations"]);
  const kind = { ...anyStress, signedBy: ["operations", "security"] };
  const report = () => project.json("reports/a.json", stress());
  const signedWith = (token: string) => project.write("reports/a.json.jws", `${token}\n`);

  test("of somebody with one of the roles count", async () => {
    project.access = accessOf(sam);
    signedWith(await sam.sign(report()));
    expect(await project.collectOne(kind)).toMatchObject({ signature: "valid", signatureProblem: null });
  });

  test("that are not there are missing", async () => {
    project.access = accessOf(sam);
    report();
    expect(await project.collectOne(kind)).toMatchObject({ signature: "missing" });
  });

  test("over anything but these very bytes are wrong", async () => {
    project.access = accessOf(sam);
    const token = await sam.sign(report());
    project.json("reports/a.json", stress({ tool: "an editor" }));
    signedWith(token);
    const item = await project.collectOne(kind);
    expect(item.signature).toBe("wrong");
    expect(item.signatureProblem).toMatch(/^its signature is not that of key sam-1/);
  });

  test("of somebody without one of them are wrong", async () => {
    const eve = signer("eve", ["development"]);
    project.access = accessOf(sam, eve);
    signedWith(await eve.sign(report()));
    expect(await project.collectOne(kind)).toMatchObject({
      signature: "wrong",
      signatureProblem: "eve signed it, who is development, and not operations or security",
    });
  });

  test("with a key that is nobody's are wrong", async () => {
    project.access = accessOf(sam);
    signedWith(await signer("mallory", ["operations"]).sign(report()));
    expect((await project.collectOne(kind)).signatureProblem).toBe(
      "its key mallory-1 is nobody's in the access file",
    );
  });

  test("with somebody else's key under a known name are wrong", async () => {
    project.access = accessOf(sam);
    signedWith(await signer("sam", ["operations"]).sign(report()));
    expect((await project.collectOne(kind)).signature).toBe("wrong");
  });

  test("that are none are wrong", async () => {
    project.access = accessOf(sam);
    report();
    signedWith("looks good to me");
    expect((await project.collectOne(kind)).signatureProblem).toBe("it is no JSON Web Signature");
  });

  test("cannot be believed without an access file", async () => {
    signedWith(await sam.sign(report()));
    expect((await project.collectOne(kind)).signatureProblem).toBe(
      "no access file says who is who (key channel.access)",
    );
  });

  test("are no reports themselves, and are not asked for where none is needed", async () => {
    project.json("reports/a.json", stress());
    signedWith("looks good to me");
    const item = await project.collectOne({ ...anyStress, pattern: "reports/*" });
    expect(item).toMatchObject({ file: "reports/a.json", problems: [], signature: "not-required" });
  });
});

describe("the accepted report that a policy names", () => {
  const audit = (findings: object[]) => ({ ...identity, ecosystems: ["npm"], findings, waivers: [] });
  const finding = { id: "GHSA-1", package: "tar", severity: "high" };
  const kind = { pattern: "audit.json", schema: "dependency-audit", baseline: "security/audit.json" };

  test("is compared with, and told by its checksum", async () => {
    project.json("audit.json", audit([finding]));
    const bytes = project.json("security/audit.json", audit([finding]));
    expect(await project.collectOne(kind)).toMatchObject({
      problems: [],
      baselineSha256: createHash("sha256").update(bytes).digest("hex"),
    });
  });

  test("accepts nothing where none is named", async () => {
    project.json("audit.json", audit([finding]));
    expect((await project.collectOne({ ...kind, baseline: undefined })).problems).toEqual([
      "GHSA-1 of tar (high) is neither in the baseline nor waived",
    ]);
  });

  test.each<[string, string | null, string]>([
    ["is gone", null, "cannot be compared: its baseline security/audit.json cannot be read: ENOENT"],
    [
      "is garbage",
      "{",
      "cannot be compared: its baseline security/audit.json is not JSON in UTF-8; mend it, or remove it",
    ],
    [
      "is something else",
      "{}",
      "cannot be compared: its baseline security/audit.json / must have required property 'version'",
    ],
  ])("that %s leaves the report without proof", async (_, content, problem) => {
    project.json("audit.json", audit([]));
    if (content !== null) project.write("security/audit.json", content);
    expect(await project.collectOne(kind)).toMatchObject({
      problems: [`${problem}. It has to be a report that was accepted`],
      baselineSha256: null,
    });
  });
});

describe("a schema of one's own", () => {
  const own = { pattern: "own.json", schema: "schemas/own.json" };

  test("is a JSON Schema file, which may include what every report says of itself", async () => {
    project.json("schemas/own.json", {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      $id: "urn:shop:own",
      allOf: [{ $ref: "urn:release-channels:evidence:report" }],
      properties: { queue: { type: "integer", maximum: 10 } },
    });
    project.json("own.json", { ...identity, queue: 11 });
    expect((await project.collectOne(own)).problems).toEqual(["/queue must be <= 10"]);
    project.json("own.json", { ...identity, queue: 10 });
    expect((await project.collectOne(own)).problems).toEqual([]);
  });

  test("does not spare a report from saying what it is about", async () => {
    project.write("schemas/own.json", "{}");
    project.json("own.json", { version: "1.1.0" });
    expect((await project.collectOne(own)).problems).toHaveLength(3);
  });

  test("may serve several kinds", async () => {
    project.json("schemas/own.json", { $id: "urn:shop:own" });
    project.json("own.json", identity);
    const items = await project.collect(kinds({ one: own, two: own }));
    expect(items.map(({ problems }) => problems)).toEqual([[], []]);
  });

  test.each<[string, string | null, RegExp]>([
    ["the catalogue's, by its id", '{"$id": "urn:release-channels:evidence:stress"}', /already exists/],
    ["gone", null, /ENOENT/],
    ["not JSON", "{", /JSON/],
    ["no schema", '{"type": "strnig"}', /type must be equal to one of the allowed values/],
    ["a list", "[]", /it is no JSON object/],
    ["asynchronous: it would let everything through", '{"$async": true}', /it is asynchronous/],
    ["a misspelt one", '{"propertys": {}}', /unknown keyword: "propertys"/],
    ["one that refers to nowhere", '{"$ref": "https://example.org/x.json"}', /can't resolve reference/],
  ])("that is %s is told as the person's mistake", async (_, content, cause) => {
    if (content !== null) project.write("schemas/own.json", content);
    const outcome = await project.collectOne(own).catch((error: unknown) => () => {
      throw error;
    });
    const message = messageOf(outcome as () => never);
    expect(message).toMatch(cause);
    expect(message).toMatch(/^schemas\/own\.json cannot be used as a JSON Schema/);
    expect(message).toMatch(/It is named by kinds\.one\.schema in the evidence policy\.$/);
  });
});
