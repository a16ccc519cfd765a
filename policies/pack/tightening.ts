import type { PolicyConfigSchema } from "@pulumi/policy";
import { z } from "zod";
import type { Policies } from "../../config/load/policies";
import type { StackConfiguration } from "../../config/load/stack";
import type { ChannelRecord } from "../../rollout/record";
import type { Release } from "../../rollout/release";
import { approvalRules } from "../gates/approval";
import { judged, raises } from "../gates/input";
import type { Step } from "./target";

type Channel = StackConfiguration["channel"];

/** Whether a channel gives a gate anything to judge a release by, and the key by which it does. */
const configuredBy: Record<
  string,
  { key: string; has(channel: Channel, policies: Policies, release: Release): boolean }
> = {
  slo: {
    key: "channel.prometheus, with objectives of its services in the file channel.slo",
    has: ({ prometheus }, policies, release) => {
      const { mode, services } = policies.slo();
      const named = Object.keys(services).some((name) => release.services[name] !== undefined);
      return named && (prometheus !== undefined || mode === "quick");
    },
  },
  compat: { key: "channel.compat", has: ({ compat }) => compat !== undefined },
  evidence: {
    key: "channel.evidence, with kinds in that file",
    has: (_, policies) => Object.keys(policies.evidence()?.kinds ?? {}).length > 0,
  },
  "evidence-key": {
    key: "evidence.required in the file channel.access",
    has: (_, policies) => policies.access()?.evidence?.required ?? false,
  },
  promotion: { key: "channel.promotion", has: ({ promotion }) => promotion !== undefined },
  incident: { key: "channel.incidents", has: ({ incidents }) => incidents !== undefined },
  "change-window": { key: "channel.changeWindow", has: ({ changeWindow }) => changeWindow !== undefined },
  approval: {
    key: "channel.access, with channel.approvals.rules not empty",
    has: (channel) => approvalRules(channel).length > 0,
  },
  rbac: {
    key: "channel.permissions",
    has: ({ permissions }) => permissions.start !== undefined && permissions.promote !== undefined,
  },
};
const requirableGates = Object.keys(configuredBy);

/** What an organisation asks beyond a channel's own configuration. Nothing of it can open a gate. */
const tightening = z.strictObject({
  minimumObservationSeconds: z.int().min(0).default(0),
  requiredGates: z.array(z.enum(requirableGates)).default([]),
  maximumWeightStep: z.int().min(1).max(100).default(100),
});
export type Tightening = z.infer<typeof tightening>;

/** The same for the engine, which refuses anything else before the program starts. */
export const tighteningSchema: PolicyConfigSchema = {
  properties: {
    minimumObservationSeconds: {
      type: "integer",
      minimum: 0,
      description: "Shortest time a weight is watched before it is raised, whatever was counted meanwhile.",
    },
    requiredGates: {
      type: "array",
      items: { type: "string", enum: requirableGates },
      description: "Gates that a channel must be configured for.",
    },
    maximumWeightStep: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      description: "Most that a share rises at once, in percent of all traffic.",
    },
  },
};

export function tighteningOf(policyConfiguration: object): Tightening {
  return tightening.parse(policyConfiguration);
}

/** What a step violates of it; lowering a share violates nothing. */
export function violationsOf(
  { minimumObservationSeconds, requiredGates, maximumWeightStep }: Tightening,
  step: Step,
  {
    channel,
    policies,
    record,
    now,
  }: { channel: Channel; policies: Policies; record: ChannelRecord | null; now: Date },
): string[] {
  const kind = step.kind === "resume" ? step.underlying : step.kind;
  if (kind === "rollback" || kind === "correct") return [];
  const violations = requiredGates.flatMap((gate) => {
    const configured = configuredBy[gate];
    if (configured?.has(channel, policies, judged(step))) return [];
    return [
      `${gate}: the policy pack requires this gate, and the channel does not configure it (${configured?.key})`,
    ];
  });
  if (record !== null && raises({ kind, record })) {
    const seconds = Math.floor((now.getTime() - Date.parse(record.since)) / 1000);
    if (seconds < minimumObservationSeconds) {
      violations.push(
        `observation: ${record.weight} % has been observed for ${seconds} s; the policy pack wants ${minimumObservationSeconds} s`,
      );
    }
  }
  const risesBy = step.to.weight - (kind === "start" ? 0 : (record?.weight ?? 0));
  if ((kind === "start" || kind === "advance") && risesBy > maximumWeightStep) {
    violations.push(
      `stages: the share rises by ${risesBy} % at once; the policy pack allows ${maximumWeightStep} % (key channel.stages)`,
    );
  }
  return violations;
}
