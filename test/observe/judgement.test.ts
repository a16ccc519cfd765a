import type { Policies } from "../../config/load/policies";
import { UserError } from "../../config/load/problems";
import { channelSection, stackSettings } from "../../config/schemas/channel";
import { sloPolicy } from "../../config/schemas/slo";
import { judgeProposal } from "../../observe/judgement";
import type { SnapshotSources } from "../../observe/snapshot";
import type { Memory } from "../../observe/state";
import type { Proposal } from "../../rollout/proposal";
import { at, liveAt, recordOf, rolledBack, rolling, steady } from "../rollout/releases";
import { type ClusterObjects, clusterWith, programmedGateway } from "./cluster";

const channel = channelSection.parse({
  product: "shop",
  namespace: "shop-stable",
  services: {},
  gateway: { name: "shared", namespace: "gateway", hostnames: ["h"], url: "http://127.0.0.1:1" },
  promotion: { from: "canary" },
});

const policies: Policies = {
  slo: () => sloPolicy.parse({ services: {} }),
  compat: () => null,
  evidence: () => null,
  access: () => null,
};

const readyPod = {
  name: "api-1",
  createdAt: at(0),
  log: "",
  labels: { "app.kubernetes.io/name": "api" },
  ready: true,
} as const;

function judge(
  proposal: Proposal,
  objects: ClusterObjects = { gateway: programmedGateway, pods: [readyPod] },
  more: Partial<SnapshotSources> = {},
) {
  return judgeProposal(proposal, recordOf(rolling(10)), {
    cluster: clusterWith(objects),
    channelName: "stable",
    channel,
    settings: stackSettings.parse({ version: "1.1.0" }),
    projectDir: "",
    policies,
    live: liveAt(rolling(10)),
    readMemory: () => Promise.resolve({ intent: null, record: null }),
    now: new Date(at(60)),
    ...more,
  });
}

const gone = (): never => {
  throw new Error("the policy file is gone");
};

/** Nothing that could be asked is there: no policy file, no other channel, no cluster. */
const nothingThere: Partial<SnapshotSources> = {
  policies: { slo: gone, compat: gone, evidence: gone, access: gone },
  readMemory: (): Promise<Memory> => Promise.reject(new Error("the backend is gone")),
};

const advance: Proposal = { kind: "advance", to: rolling(30), why: "" };
const otherwise: Proposal = { kind: "correct", to: rolling(10), why: "" };

describe("who is asked about a proposal", () => {
  test("every gate, of what raises a share", async () => {
    const { verdicts } = await judge(advance);
    expect(Object.fromEntries(verdicts.map(({ gate, status }) => [gate, status]))).toMatchObject({
      semver: "skipped",
      promotion: "fail",
      "data-plane": "pass",
      observation: "hold",
      slo: "skipped",
    });
  });

  test("the same, of an unfinished transition that is resumed", async () => {
    const resume: Proposal = { kind: "resume", underlying: "advance", to: rolling(30), why: "", otherwise };
    expect(await judge(resume)).toEqual(await judge(advance));
  });

  test("of an unfinished transition also where a policy file is broken: it is not open, and can be given up", async () => {
    const broken = (): never => {
      throw new UserError("slo.yaml is not valid.\n  slo.yaml:3:1 services");
    };
    const resume: Proposal = { kind: "resume", underlying: "advance", to: rolling(30), why: "", otherwise };
    const files = { policies: { ...policies, slo: broken } };
    const { verdicts, attribution } = await judge(resume, { gateway: programmedGateway }, files);
    expect(verdicts).toEqual([
      { gate: "policy-files", status: "fail", reason: "slo.yaml is not valid. slo.yaml:3:1 services" },
    ]);
    expect(attribution).toMatchObject({ approvals: [], overrides: [] });
    await expect(judge(advance, { gateway: programmedGateway }, files)).rejects.toThrow("slo.yaml");
  });

  test.each([
    ["nothing to do", { kind: "none", why: "", held: false }],
    ["a refusal", { kind: "refuse", why: "" }],
  ] as [string, Proposal][])("nobody, of %s: it works when everything is gone", async (_, proposal) => {
    expect(await judge(proposal, {}, nothingThere)).toMatchObject({ verdicts: [], snapshot: null });
  });

  test.each([
    ["a rollback", { kind: "rollback", to: rolledBack(), why: "" }],
    ["a correction", { kind: "correct", to: rolling(5), why: "" }],
  ] as [string, Proposal][])(
    "who does it and why, of %s: also when everything is gone",
    async (_, proposal) => {
      const { verdicts, snapshot, attribution } = await judge(proposal, {}, nothingThere);
      expect(verdicts.map(({ gate }) => gate)).toEqual(["rbac", "reason"]);
      for (const { status } of verdicts) expect(["pass", "skipped"]).toContain(status);
      expect(snapshot).toBeNull();
      expect(attribution).toMatchObject({ actor: expect.any(String), verifiedBy: null, reason: null });
    },
  );

  test("a rollback that nobody is allowed, without a reason, is told and goes on", async () => {
    const allowed = { ...channel, access: "access.yaml", permissions: { rollback: ["operations"] } };
    const { verdicts } = await judge(
      { kind: "rollback", to: rolledBack(), why: "" },
      {},
      { ...nothingThere, channel: allowed },
    );
    expect(verdicts).toMatchObject([
      { gate: "rbac", status: "skipped", reason: expect.stringContaining("is none of operations") },
      { gate: "reason", status: "skipped", reason: "no reason is given; recorded as missing" },
    ]);
  });

  test("another channel that cannot be asked holds, and does not throw", async () => {
    const { verdicts } = await judge(
      advance,
      { gateway: programmedGateway },
      { readMemory: nothingThere.readMemory as never },
    );
    expect(verdicts.find(({ gate }) => gate === "promotion")).toMatchObject({
      status: "hold",
      reason: expect.stringContaining("the backend is gone"),
    });
  });

  test("a gateway that is not there fails the start", async () => {
    const { verdicts } = await judge({ kind: "start", to: rolling(10), why: "" }, {});
    expect(verdicts.find(({ gate }) => gate === "data-plane")).toMatchObject({ status: "fail" });
  });

  test("a first install is asked of the other channel too", async () => {
    const { verdicts } = await judge({ kind: "install", to: steady(), why: "" });
    expect(verdicts.find(({ gate }) => gate === "promotion")?.status).toBe("fail");
  });
});
