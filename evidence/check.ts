import { resolve } from "node:path";
import { loadPolicies } from "../config/load/policies";
import { UserError } from "../config/load/problems";
import { loadRelease } from "../config/load/release";
import { loadStackFile } from "../config/load/stack-file";
import type { EvidenceKind, EvidencePolicy } from "../config/schemas/evidence";
import { type EvidenceFinding, judgeEvidence } from "../policies/gates/evidence";
import type { EvidenceItem } from "../policies/gates/input/evidence";
import {
  applyingKinds,
  type EvidenceStep,
  type EvidenceSubject,
  isNeededBy,
} from "../policies/gates/required-evidence";
import { resolveRelease } from "../rollout/release";
import { collectEvidence } from "./collect";

export interface CheckRequest {
  projectDir: string;
  /** The stack's name. */
  channel: string;
  /** Another version than the channel asks for. */
  version?: string;
  /** What is live there; left out as for a first release. */
  baseline?: string;
  /** Another policy file than the channel names. */
  policy?: string;
  /** The step that is to be entered; what only a later one needs may be missing. */
  step: EvidenceStep;
  now: Date;
}

/** `later`: only a step after the asked one needs it; `not asked`: the release is none of those it is for. */
export type KindState = "in" | "missing" | "bad" | "later" | "not asked";

export interface KindReport {
  kind: string;
  neededAt: EvidenceStep;
  state: KindState;
  reason: string;
  file: string | null;
  sha256: string | null;
  producedAt: string | null;
}

export interface CheckReport {
  channel: string;
  version: string;
  policy: string;
  step: EvidenceStep;
  /** Whether everything that is needed is in. */
  complete: boolean;
  kinds: KindReport[];
}

const defaultPolicy = "evidence.yaml";

/**
 * The state of every kind of the policy, as the gate would judge it.
 * @throws {UserError} when a file that a person wrote is missing or wrong
 */
export async function checkEvidence(request: CheckRequest): Promise<CheckReport> {
  const { projectDir, channel, step, now } = request;
  const { settings, channel: own } = loadStackFile(projectDir, channel);
  const section = { ...own, evidence: request.policy ?? own.evidence ?? defaultPolicy };
  const policies = loadPolicies(projectDir, section);
  const policy = policies.evidence();
  if (policy === null) throw new UserError(`${section.evidence} asks for nothing.`);
  const release = (version: string) => resolveRelease(loadRelease(projectDir, section.releases, version), {});
  const subject: EvidenceSubject = {
    channel,
    lane: settings.lane,
    release: release(request.version ?? settings.version),
    previous: request.baseline === undefined ? null : release(request.baseline),
  };
  const sources = { projectDir: resolve(projectDir), access: policies.access, now };
  const items = await collectEvidence(policy, subject, sources);
  const kinds = describeKinds(policy, subject, items, step, now);
  return {
    channel,
    version: subject.release.version,
    policy: section.evidence,
    step,
    complete: kinds.every(({ state }) => state !== "missing" && state !== "bad"),
    kinds,
  };
}

function describeKinds(
  policy: EvidencePolicy,
  subject: EvidenceSubject,
  items: readonly EvidenceItem[],
  step: EvidenceStep,
  now: Date,
): KindReport[] {
  const itemOf = (name: string) => items.find((item) => item.kind === name);
  const applying = new Map(applyingKinds(policy, subject));
  const asked = [...applying].map(([name, kind]) => ({ name, kind, item: itemOf(name) }));
  const isNeeded = ({ kind }: { kind: EvidenceKind }) => isNeededBy(kind, step);
  const judge = (list: typeof asked, correlated: boolean) =>
    judgeEvidence(list, correlated, subject, now.toISOString());
  const findings = [
    ...judge(asked.filter(isNeeded), policy.correlated),
    ...judge(
      asked.filter((one) => !isNeeded(one)),
      false,
    ),
  ];
  return Object.entries(policy.kinds).map(([name, kind]) => {
    const item = itemOf(name);
    return {
      kind: name,
      neededAt: kind.neededAt,
      ...(applying.has(name)
        ? stateOf(
            findings.filter((finding) => finding.kind === name),
            isNeeded({ kind }),
          )
        : { state: "not asked" as const, reason: "of other releases only (`when`)" }),
      file: item?.file ?? null,
      sha256: item?.sha256 ?? null,
      producedAt: item?.producedAt ?? null,
    };
  });
}

function stateOf(
  findings: readonly EvidenceFinding[],
  needed: boolean,
): Pick<KindReport, "state" | "reason"> {
  const worst =
    (["fail", "hold"] as const).find((one) => findings.some(({ status }) => status === one)) ?? "pass";
  const reason = findings
    .filter(({ status }) => status === worst)
    .map((finding) => finding.reason)
    .join("; ");
  const state = ({ fail: "bad", hold: "missing", pass: "in" } as const)[worst];
  return { state: needed || state === "in" ? state : "later", reason };
}
