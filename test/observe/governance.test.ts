import { stringify } from "yaml";
import { loadPolicies } from "../../config/load/policies";
import { stackSettings } from "../../config/schemas/channel";
import { runApprove } from "../../evidence/approvals/command";
import { observeGovernance } from "../../observe/governance";
import { judgeProposal } from "../../observe/judgement";
import { decide } from "../../rollout/plan";
import type { Proposal } from "../../rollout/proposal";
import { resolveRelease } from "../../rollout/release";
import { Project } from "../config/files";
import { person } from "../evidence/keys";
import { aChannel } from "../gates/transitions";
import { aFile, at, liveAt, recordOf, rolling, sized, steady, withoutData } from "../rollout/releases";
import { clusterWith, programmedGateway } from "./cluster";

const people = {
  ann: person("ann", ["business", "operations"]),
  bob: person("bob", ["technology"]),
  eve: person("eve", ["operations"]),
};
const file = aFile("2.0.0");
const two = resolveRelease(file, {});
const section = {
  product: "shop",
  namespace: "shop",
  access: "access.yaml",
  gateway: { name: "shared", namespace: "gateway", hostnames: ["h.example"], url: "http://127.0.0.1:1" },
  services: { api: {}, worker: {} },
  permissions: { override: ["operations"] },
};
const now = new Date(at(3600));

let project: Project;
beforeEach(() => {
  project = new Project();
  const config = { "release-channels:version": "2.0.0", "release-channels:channel": section };
  project.write("Pulumi.yaml", "name: release-channels\n");
  project.write("Pulumi.canary.yaml", stringify({ config }));
  project.write("slo.yaml", "services: {}\n");
  project.write("releases/2.0.0.yaml", stringify(file));
  const identities = Object.values(people).map(({ identity }) => identity);
  project.write("access.yaml", stringify({ identities }));
});
afterEach(() => project.remove());

async function sign(who: keyof typeof people, ...args: string[]): Promise<void> {
  const quiet = { write: () => {}, complain: () => {} };
  const environment = { RELEASE_SIGNING_KEY: people[who].pem };
  const code = await runApprove(args, { projectDir: project.folder, environment, now, ...quiet });
  expect(code).toBe(0);
}

const start: Proposal = { kind: "start", to: rolling(10, two), why: "" };

/** What the gates say of the start of 2.0.0 with what lies in the project's folder, and what is decided. */
async function judged(channelName = "canary", proposal: Proposal = start) {
  const channel = aChannel({ access: "access.yaml", permissions: section.permissions });
  const record = recordOf(steady());
  const settings = stackSettings.parse({ version: "2.0.0" });
  const judgement = await judgeProposal(proposal, record, {
    cluster: clusterWith({ gateway: programmedGateway }),
    channelName,
    channel,
    settings,
    projectDir: project.folder,
    policies: loadPolicies(project.folder, channel),
    live: liveAt(steady()),
    readMemory: () => Promise.reject(new Error("it must not be asked")),
    now,
  });
  const decision = decide({
    proposal,
    verdicts: judgement.verdicts,
    record,
    interrupted: false,
    live: liveAt(steady()),
    attempt: 1,
    strictHold: false,
    capacity: sized({}),
    data: withoutData,
    id: "t2",
    now: now.toISOString(),
  });
  return { ...judgement, decision };
}
const of = (gate: string, { verdicts }: Awaited<ReturnType<typeof judged>>) =>
  verdicts.find((verdict) => verdict.gate === gate);

describe("signed files, from the command to the decision", () => {
  test("a major change waits for three people, and the record keeps who they were", async () => {
    const before = await judged();
    expect(before.decision).toMatchObject({
      outcome: "hold",
      reasons: [expect.stringContaining("approval: approval is missing of business, technology, operations")],
    });
    for (const who of ["ann", "bob"] as const)
      await sign(who, "sign", "--channel", "canary", "--scope", "start");
    expect((await judged()).decision).toMatchObject({
      outcome: "hold",
      reasons: [expect.stringContaining("missing of operations")],
    });
    await sign("eve", "sign", "--channel", "canary", "--scope", "start");
    const after = await judged();
    expect(after.decision.outcome).toBe("go");
    expect(after.attribution).toMatchObject({
      approvals: [
        { by: "ann", scope: "start" },
        { by: "bob", scope: "start" },
        { by: "eve", scope: "start" },
      ],
      overrides: [],
    });
  });

  test("files that are copied to another channel count for nothing there", async () => {
    for (const who of ["ann", "bob", "eve"] as const)
      await sign(who, "sign", "--channel", "canary", "--scope", "start");
    const elsewhere = await judged("stable");
    expect(elsewhere.decision.outcome).toBe("hold");
    expect(of("approval", elsewhere)?.reason).toContain("it is for the channel canary");
  });

  test("of a release file that is edited afterwards nothing is approved", async () => {
    for (const who of ["ann", "bob", "eve"] as const)
      await sign(who, "sign", "--channel", "canary", "--scope", "start");
    const edited = resolveRelease(aFile("2.0.0", file.services, { changes: { added: ["More."] } }), {});
    expect(of("approval", await judged("canary", { ...start, to: rolling(10, edited) }))).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("it is for another release file of 2.0.0"),
    });
  });

  test("an override by who may opens its gate, and the record keeps it", async () => {
    await sign("bob", "override", "--channel", "canary", "--gate", "approval", "--reason", "agreed by phone");
    expect((await judged()).decision.outcome).toBe("hold");
    await sign("eve", "override", "--channel", "canary", "--gate", "approval", "--reason", "agreed by phone");
    const judgement = await judged();
    expect(judgement.decision.outcome).toBe("go");
    expect(of("override", judgement)).toMatchObject({
      status: "pass",
      reason: expect.stringMatching(
        /^overridden: approval\. not counted: .*bob may not override; who may: operations/,
      ),
    });
    expect(judgement.attribution.overrides).toEqual([
      { gate: "approval", by: "eve", reason: "agreed by phone", expiresAt: at(3600 + 4 * 3600) },
    ]);
  });
});

describe("the approvals of a channel", () => {
  const observe = (channel = aChannel({ access: "access.yaml" })) =>
    observeGovernance(
      { kind: "start", to: rolling(10), record: recordOf(steady()) },
      { channel, policies: loadPolicies(project.folder, channel), projectDir: project.folder },
    );

  test("are not looked for without an access file", async () => {
    expect(await observe(aChannel())).toEqual({ status: "not-configured" });
  });

  test("may be none", async () => {
    expect(await observe()).toEqual({ status: "known", approvals: [], overrides: [], rejected: [] });
  });

  test("lie where the channel says", async () => {
    project.write("signed/junk", "junk");
    const channel = aChannel({ access: "access.yaml", approvals: { folder: "signed" } });
    expect(await observe(channel)).toMatchObject({ rejected: [{ file: "signed/junk" }] });
  });

  test("are not to be had with an access file that is broken, and where is told", async () => {
    project.write("access.yaml", "identities: 5\n");
    await expect(observe()).rejects.toThrow("access.yaml:1:1 identities: found 5");
  });
});
