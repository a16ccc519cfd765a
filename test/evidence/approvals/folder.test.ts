import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApprovalPayload, signApproval, signOverride } from "../../../evidence/approvals/decision";
import { readApprovals } from "../../../evidence/approvals/folder";
import { signDetached, signPayload } from "../../../evidence/signing";
import { Project } from "../../config/files";
import { at, next } from "../../rollout/releases";
import { accessOf, forged, keyOf, person } from "../keys";

const ann = person("ann", ["operations"]);
const bob = person("bob", ["business"]);
const access = accessOf(ann, bob);
const about = {
  channel: "canary",
  version: "1.1.0",
  hash: next.hash,
  signedAt: at(0),
  expiresAt: at(3600),
};
const payload: ApprovalPayload = { scope: "start", ...about };
const encoded = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const approvalType = "release-approval+jws";

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const read = () => readApprovals(project.folder, "approvals", access);
const nothing = { status: "known", approvals: [], overrides: [], rejected: [] };
async function problemOf(token: string): Promise<string | undefined> {
  project.write("approvals/one.jws", token);
  const found = await read();
  if (found.status !== "known") throw new Error("it could not be read");
  expect([...found.approvals, ...found.overrides]).toEqual([]);
  return found.rejected[0]?.problem;
}

describe("the approvals folder", () => {
  test("that is not there holds nothing", async () => {
    expect(await read()).toEqual(nothing);
  });

  test("is read whole: who signed comes from the key, not from what is signed", async () => {
    project.write("approvals/a.jws", `${await signApproval(payload, keyOf(ann))}\n`);
    const override = { gate: "slo", reason: "load test", ...about };
    project.write("approvals/b.jws", await signOverride(override, keyOf(bob)));
    expect(await read()).toEqual({
      ...nothing,
      approvals: [{ file: "approvals/a.jws", by: "ann", roles: ["operations"], ...payload }],
      overrides: [{ file: "approvals/b.jws", by: "bob", roles: ["business"], ...override }],
    });
  });

  test("may hold notes and hidden files; everything else that is no decision is listed", async () => {
    project.write("approvals/README.md", "how to sign");
    project.write("approvals/.gitkeep", "");
    project.write("approvals/binary", "\u0000\u0001");
    project.write("approvals/empty.jws", "");
    project.write("approvals/key.pem", ann.pem);
    project.write("approvals/large.jws", "a".repeat(70_000));
    mkdirSync(join(project.folder, "approvals", "old"));
    symlinkSync("nowhere", join(project.folder, "approvals", "link"));
    project.write("approvals/z.jws", await signApproval(payload, keyOf(ann)));
    expect(await read()).toMatchObject({
      approvals: [{ file: "approvals/z.jws" }],
      rejected: [
        { file: "approvals/binary", problem: "it is no JSON Web Signature" },
        { file: "approvals/empty.jws", problem: "it is no JSON Web Signature" },
        { file: "approvals/key.pem", problem: "it is no JSON Web Signature" },
        { file: "approvals/large.jws", problem: "it is too large for a signed decision" },
        { file: "approvals/link", problem: "it cannot be read (ENOENT)" },
        { file: "approvals/old", problem: "it is no file" },
      ],
    });
  });

  test("may be mounted, with links to its files", async () => {
    project.write("mounted/a.jws", await signApproval(payload, keyOf(ann)));
    mkdirSync(join(project.folder, "approvals"));
    symlinkSync(join(project.folder, "mounted", "a.jws"), join(project.folder, "approvals", "a.jws"));
    expect(await read()).toMatchObject({ approvals: [{ by: "ann" }] });
  });

  test("that is a file is told as unreadable, and not taken for empty", async () => {
    writeFileSync(join(project.folder, "approvals"), "");
    chmodSync(join(project.folder, "approvals"), 0o600);
    expect(await read()).toMatchObject({
      status: "unavailable",
      problem: expect.stringContaining("ENOTDIR"),
    });
  });
});

describe("a decision is not believed", () => {
  test("under somebody else's key id", async () => {
    expect(await problemOf(await signApproval(payload, forged(bob, ann)))).toContain("not that of key ann");
  });

  test("by who is not in the access file (any more)", async () => {
    const gone = person("joe", ["operations"]);
    expect(await problemOf(await signApproval(payload, keyOf(gone)))).toContain(
      "nobody's in the access file",
    );
  });

  test("when it was signed as something else: evidence that looks like an approval is none", async () => {
    const report = encoded(payload);
    expect(await problemOf(await signPayload(report, keyOf(ann)))).toBe(
      "ann has signed it, but neither as an approval nor as an override",
    );
    const [header, , signature] = (await signDetached(report, keyOf(ann))).split(".");
    const joined = [header, Buffer.from(report).toString("base64url"), signature].join(".");
    expect(await problemOf(joined)).toContain("neither as an approval");
  });

  test("an approval as an override", async () => {
    const token = await signPayload(encoded(payload), keyOf(ann), "release-override+jws");
    expect(await problemOf(token)).toMatch(/^ann has signed something else/);
  });

  test.each([
    ["no JSON", new TextEncoder().encode("{")],
    ["nothing", encoded(null)],
    ["a list", encoded([payload])],
    ["no channel", encoded({ ...payload, channel: undefined })],
    ["an unknown scope", encoded({ ...payload, scope: "everything" })],
    ["a weight above 100", encoded({ ...payload, scope: "101" })],
    ["a short hash", encoded({ ...payload, hash: "abc" })],
    ["a local time", encoded({ ...payload, expiresAt: "2026-01-01T01:00:00" })],
    ["a time with an offset", encoded({ ...payload, expiresAt: "2026-01-01T01:00:00+05:00" })],
    ["no end", encoded({ ...payload, expiresAt: undefined })],
    ["another field", encoded({ ...payload, roles: ["business"] })],
    ["another name", encoded({ ...payload, by: "bob" })],
  ])("that says %s", async (_, bytes) => {
    expect(await problemOf(await signPayload(bytes, keyOf(ann), approvalType))).toMatch(
      /^ann has signed something else \(/,
    );
  });

  test("an override without a reason", async () => {
    const token = await signPayload(
      encoded({ gate: "slo", reason: " ", ...about }),
      keyOf(ann),
      "release-override+jws",
    );
    expect(await problemOf(token)).toContain("(reason: ");
  });
});
