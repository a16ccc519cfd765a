import { UserError } from "../config/load/problems";
import type { AccessPolicy } from "../config/schemas/access";
import { longestRestoreApprovalSeconds, restoreScope } from "../evidence/approvals/decision";
import { readApprovals } from "../evidence/approvals/folder";
import type { Approval } from "../policies/gates/input/governance";
import type { RestoreInputs } from "./inputs";

/** What has to be signed before this backup may take the place of the channel's data. */
export function approvalCommand(channel: string, sha256: string): string {
  return `npm run approve -- sign --channel ${channel} --scope ${restoreScope(channel, sha256)} --expires 4h --key-file <key>`;
}

/**
 * The approval of exactly this backup.
 * @throws {UserError} where there is none that counts: why those that there are don't, and how to make one
 */
export async function findApproval(
  projectDir: string,
  { channel, section }: RestoreInputs,
  access: AccessPolicy,
  sha256: string,
  now: Date,
): Promise<Approval> {
  const { folder } = section.approvals;
  const found = await readApprovals(projectDir, folder, access);
  if (found.status !== "known") throw new UserError(`The folder of approvals ${folder} cannot be read.`);
  const roles = section.permissions.restore ?? [];
  const scope = restoreScope(channel, sha256);
  const objections: string[] = found.rejected.map(({ file, problem }) => `${file}: ${problem}`);
  for (const approval of found.approvals) {
    if (approval.channel !== channel || !approval.scope.startsWith("restore:")) continue;
    const objection = approval.scope === scope ? objectionTo(approval, roles, now) : "is of another backup";
    if (objection === null) return approval;
    objections.push(`${approval.file}: it ${objection}`);
  }
  throw new UserError(
    [
      `Nobody has approved that this backup takes the place of the data of ${channel}. Somebody with the role ${roles.join(" or ")} signs:`,
      `  ${approvalCommand(channel, sha256)}`,
      ...(objections.length === 0 ? [] : [`What does not count of ${folder}:`]),
      ...objections.map((line) => `  ${line}`),
    ].join("\n"),
  );
}

function objectionTo(approval: Approval, roles: readonly string[], now: Date): string | null {
  const [signedAt, expiresAt] = [Date.parse(approval.signedAt), Date.parse(approval.expiresAt)];
  if (expiresAt <= now.getTime()) return `has expired at ${approval.expiresAt}`;
  if (expiresAt - signedAt > longestRestoreApprovalSeconds * 1000) {
    return `holds for longer than ${longestRestoreApprovalSeconds / 3600} h`;
  }
  if (!approval.roles.some((role) => roles.includes(role))) {
    return `is by ${approval.by} (${approval.roles.join(", ") || "no role"}), who may not approve it`;
  }
  return null;
}
