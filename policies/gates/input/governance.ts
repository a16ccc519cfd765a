import { z } from "zod";
import { source } from "./source";

/** Who runs this update, and how that is known. Only `cluster` and `token` count; a claimed name is recorded. */
export const actor = z.object({
  name: z.string(),
  verifiedBy: z.enum(["cluster", "token"]).nullable(),
  /** Of the identity in the access file that this actor was recognised as; empty for a claimed name. */
  roles: z.array(z.string()),
  /** Why the name could not be verified, where that was tried. */
  problem: z.string().optional(),
});
export type Actor = z.infer<typeof actor>;

/** A signed consent to one step of one release, whose signature was checked against the access file. */
export const approval = z.object({
  file: z.string(),
  by: z.string(),
  roles: z.array(z.string()),
  channel: z.string(),
  version: z.string(),
  /** sha256 of the release file that was approved. */
  hash: z.string(),
  /** What is approved, as in `start`, `finalize`, `low-traffic`, `hotfix`, or a weight such as `30`. */
  scope: z.string(),
  signedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Approval = z.infer<typeof approval>;

/** A signed decision to go on in spite of one gate, for a short time. */
export const override = z.object({
  file: z.string(),
  gate: z.string(),
  by: z.string(),
  roles: z.array(z.string()),
  channel: z.string(),
  version: z.string(),
  hash: z.string(),
  reason: z.string(),
  signedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type Override = z.infer<typeof override>;

/** A file that claims to be an approval or override and cannot be believed; told, never counted. */
const rejectedFile = z.object({ file: z.string(), problem: z.string() });

export const governanceSource = source({
  approvals: z.array(approval),
  overrides: z.array(override),
  rejected: z.array(rejectedFile),
});
export type GovernanceSource = z.infer<typeof governanceSource>;
