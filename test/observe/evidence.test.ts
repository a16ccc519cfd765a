import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Policies } from "../../config/load/policies";
import { stackSettings } from "../../config/schemas/channel";
import type { EvidencePolicy } from "../../config/schemas/evidence";
import { observeEvidence } from "../../observe/evidence";
import { evidence } from "../../policies/gates/evidence";
import type { GateInput } from "../../policies/gates/input";
import { accessOf, EvidenceProject, kinds, now, signer } from "../evidence/project";
import { transition } from "../gates/transitions";
import { rolledBack, rolling, steady } from "../rollout/releases";

const example = (path: string) => JSON.parse(readFileSync(join(__dirname, "../evidence", path), "utf8"));

const sam = signer("sam", ["operations"]);
const eve = signer("eve", ["development"]);
const gone = (): never => {
  throw new Error("the policy file is gone");
};

let project: EvidenceProject;
beforeEach(() => {
  project = new EvidenceProject();
});
afterEach(() => project.remove());

const observe = (
  asked: Pick<GateInput, "kind" | "to" | "record">,
  policies: Partial<Policies> = {},
  channelName = "canary",
) =>
  observeEvidence(asked, {
    channelName,
    settings: stackSettings.parse({ version: "1.1.0" }),
    projectDir: project.folder,
    policies: {
      slo: gone,
      compat: gone,
      evidence: () => null,
      access: () => accessOf(sam, eve),
      ...policies,
    },
    now,
  });

const start = transition({ kind: "start", from: steady(), to: rolling(10) });

/** From the files that are there to the verdict on starting 1.1.0. */
async function verdictOn(policy: EvidencePolicy) {
  const source = await observe(start, { evidence: () => policy });
  return evidence({ ...start, evidence: policy, snapshot: { ...start.snapshot, evidence: source } });
}

const drillPolicy = kinds({
  drill: { pattern: "drill.json", schema: "rollback-drill", maxAge: "14d", signedBy: ["operations"] },
});
const drill = (more: object = {}) =>
  project.json("drill.json", { ...example("good/rollback-drill/in-three-seconds.json"), ...more });
const signedBy = async (who: typeof sam, bytes: Buffer) =>
  project.write("drill.json.jws", await who.sign(bytes));

describe("from the files to the verdict", () => {
  test("a rollback drill that was signed by operations opens", async () => {
    await signedBy(sam, drill());
    expect(await verdictOn(drillPolicy)).toMatchObject({ status: "pass", observed: "1 of 1 kinds are in" });
  });

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      "unsigned",
      async () => drill(),
      "fail",
      /drill\.json: is not signed; expected drill\.json\.jws by operations/,
    ],
    [
      "stale, though signed",
      () => signedBy(sam, drill({ produced_at: "2025-12-01T00:00:00Z" })),
      "hold",
      /was produced 2025-12-01T00:00:00\.000Z and counts for 14 d; a newer one is needed/,
    ],
    [
      "signed by somebody else",
      () => signedBy(eve, drill()),
      "fail",
      /eve signed it, who is development, and not operations/,
    ],
    [
      "changed after it was signed",
      async () => {
        await signedBy(sam, drill({ recovery_seconds: 95 }));
        drill();
      },
      "fail",
      /its signature is not that of key sam-1/,
    ],
    ["not there", async () => {}, "hold", /no report for 1\.1\.0 is in; expected as drill\.json/],
    [
      "of the release before",
      () => signedBy(sam, drill({ version: "1.0.0" })),
      "hold",
      /no report for 1\.1\.0 is in/,
    ],
  ])("a rollback drill that is %s does not", async (_, prepare, status, reason) => {
    await prepare();
    expect(await verdictOn(drillPolicy)).toMatchObject({ status, reason: expect.stringMatching(reason) });
  });

  test("a missing bill of materials holds, and opens when it is there", async () => {
    const policy = kinds({ sbom: { pattern: "{{version}}/sbom.json", schema: "sbom" } });
    expect(await verdictOn(policy)).toMatchObject({
      status: "hold",
      reason: "sbom: no report for 1.1.0 is in; expected as 1.1.0/sbom.json",
    });
    project.json("1.1.0/sbom.json", example("good/sbom/cyclonedx-1.6.json"));
    expect((await verdictOn(policy)).status).toBe("pass");
  });

  test("a capacity that regressed fails, and opens when it was measured well again", async () => {
    const policy = kinds({
      capacity: { pattern: "capacity*.json", schema: "capacity-baseline", baseline: "accepted.json" },
    });
    project.json("accepted.json", example("accepted/capacity-baseline.json"));
    project.json("capacity-1.json", example("bad/capacity-baseline/throughput-regressed.json").report);
    expect(await verdictOn(policy)).toMatchObject({
      status: "fail",
      reason:
        "capacity: capacity-1.json: requests_per_second regressed from 1200 to 900 1/s: 25.0 % worse, allowed are 10.0 %",
    });
    project.json("capacity-2.json", {
      ...example("good/capacity-baseline/close-to-baseline.json"),
      produced_at: "2026-01-01T00:45:00Z",
    });
    expect((await verdictOn(policy)).status).toBe("pass");
  });

  test("reports of two candidates do not count together", async () => {
    const policy = kinds(
      {
        sbom: { pattern: "sbom.json", schema: "sbom" },
        stress: { pattern: "stress.json", schema: "stress" },
      },
      { correlated: true },
    );
    project.json("sbom.json", example("good/sbom/cyclonedx-1.5.json"));
    const stress = example("good/stress/two-profiles.json");
    project.json("stress.json", { ...stress, release_candidate_id: "1.1.0-rc.2" });
    expect(await verdictOn(policy)).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(
        /^stress: stress\.json has the release_candidate_id 1\.1\.0-rc\.2, and sbom\.json has/,
      ),
    });
    project.json("stress.json", stress);
    expect((await verdictOn(policy)).status).toBe("pass");
  });
});

describe("collecting evidence", () => {
  test("looks only for what applies to the release and the channel", async () => {
    const policy = kinds({
      here: { pattern: "a.json", schema: "stress" },
      later: { pattern: "a.json", schema: "stress", neededAt: "finalize" },
      elsewhere: { pattern: "a.json", schema: "stress", when: { channels: ["stable"] } },
    });
    const source = await observe(start, { evidence: () => policy });
    expect(source.status === "known" && source.items.map(({ kind }) => kind)).toEqual(["here", "later"]);
  });

  test("is not configured without a policy", async () => {
    expect(await observe(start)).toEqual({ status: "not-configured" });
  });

  test.each<[string, Parameters<typeof transition>[0]]>([
    ["a rollback", { kind: "rollback", to: rolledBack() }],
    ["clearing away what was rolled back", { kind: "finalize", from: rolledBack(), to: steady() }],
  ])("reads nothing for %s, not even the policy", async (_, more) => {
    expect(await observe(transition(more), { evidence: gone, access: gone })).toEqual({
      status: "not-configured",
    });
  });

  test("reads who is who only where something has to be signed", async () => {
    project.json("a.json", example("good/stress/two-profiles.json"));
    const policy = kinds({ stress: { pattern: "a.json", schema: "stress" } });
    expect(await observe(start, { evidence: () => policy, access: gone })).toMatchObject({ status: "known" });
  });
});
