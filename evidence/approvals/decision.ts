import { z } from "zod";
import type { AccessPolicy } from "../../config/schemas/access";
import { dnsLabel, semanticVersion } from "../../config/schemas/names";
import type { Approval, Override } from "../../policies/gates/input/governance";
import { checkSignature, type SigningKey, signPayload } from "../signing";

/** `start`, a weight, `finalize`, `contract`, and what no step of its own stands for, as a restore of exactly one backup. */
export const scope = z
  .string()
  .regex(/^(start|finalize|contract|low-traffic|hotfix|[1-9]\d?|100|restore:[a-z0-9-]+:[0-9a-f]{64})$/, {
    error:
      "expected start, finalize, contract, low-traffic, hotfix, a weight such as 30, or restore:<channel>:<sha256>",
  });

export function restoreScope(channel: string, sha256: string): string {
  return `restore:${channel}:${sha256}`;
}

/** By then, what is lost is no longer what was looked at. */
export const longestRestoreApprovalSeconds = 24 * 3600;

/** What every signed decision is about, and how long it holds. */
const about = {
  channel: dnsLabel(),
  version: semanticVersion,
  /** sha256 of the release file, canonical. */
  hash: z.string().regex(/^[0-9a-f]{64}$/, { error: "expected a sha256 in hex" }),
  signedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
};
const approvalPayload = z.strictObject({ scope, ...about });
const overridePayload = z.strictObject({
  gate: z.string().min(1),
  reason: z.string().trim().min(1),
  ...about,
});

export type ApprovalPayload = z.infer<typeof approvalPayload>;
export type OverridePayload = z.infer<typeof overridePayload>;

/** The header's `typ`: a report that the same key has signed is no approval. */
const types = { approval: "release-approval+jws", override: "release-override+jws" } as const;

export type Decision =
  | { kind: "approval"; approval: Omit<Approval, "file"> }
  | { kind: "override"; override: Omit<Override, "file"> }
  | { kind: "rejected"; problem: string };

/** What a file of the approvals folder says, if it can be believed. */
export async function readDecision(token: string, access: AccessPolicy): Promise<Decision> {
  const checked = await checkSignature(token.trim(), access);
  if (checked.status === "wrong") return { kind: "rejected", problem: checked.problem };
  const { by, roles } = checked.signer;
  const payload = parseJson(checked.payload);
  const wrong = ({ issues: [issue] }: z.ZodError): Decision => ({
    kind: "rejected",
    problem: `${by} has signed something else (${issue?.path.join(".") || "it"}: ${issue?.message})`,
  });
  switch (checked.type) {
    case types.approval: {
      const parsed = approvalPayload.safeParse(payload);
      return parsed.success
        ? { kind: "approval", approval: { ...parsed.data, by, roles } }
        : wrong(parsed.error);
    }
    case types.override: {
      const parsed = overridePayload.safeParse(payload);
      return parsed.success
        ? { kind: "override", override: { ...parsed.data, by, roles } }
        : wrong(parsed.error);
    }
    default:
      return {
        kind: "rejected",
        problem: `${by} has signed it, but neither as an approval nor as an override`,
      };
  }
}

export function signApproval(payload: ApprovalPayload, key: SigningKey): Promise<string> {
  return signPayload(encode(approvalPayload.parse(payload)), key, types.approval);
}

export function signOverride(payload: OverridePayload, key: SigningKey): Promise<string> {
  return signPayload(encode(overridePayload.parse(payload)), key, types.override);
}

function encode(payload: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(payload));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
