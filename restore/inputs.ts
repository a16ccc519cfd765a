import { loadPolicies } from "../config/load/policies";
import { UserError } from "../config/load/problems";
import { loadStackFile } from "../config/load/stack-file";
import type { AccessPolicy } from "../config/schemas/access";
import type { ChannelSection } from "../config/schemas/channel";
import type { BackupJobPolicy } from "../config/schemas/data-store";

export interface RestoreInputs {
  /** The stack's name. */
  channel: string;
  section: ChannelSection;
  job: BackupJobPolicy;
}

/** @throws {UserError} where the channel's file is not valid, or it makes no backups of its own. */
export function readInputs(projectDir: string, channel: string): RestoreInputs {
  const { channel: section } = loadStackFile(projectDir, channel);
  const job = section.backup?.job;
  if (job !== undefined) return { channel, section, job };
  const kind = section.backup?.evidence;
  throw new UserError(
    kind === undefined
      ? `The channel ${channel} makes no backups (key channel.backup): there is nothing to restore. How to configure them: docs/backup.md.`
      : `The channel ${channel} is restored by what is behind its evidence \`${kind}\` (key channel.backup.evidence), not by this command: docs/backup.md.`,
  );
}

/** Who may approve, found out before anything runs. @throws {UserError} where nobody may. */
export function approvers(projectDir: string, { channel, section }: RestoreInputs): AccessPolicy {
  const access = loadPolicies(projectDir, section).access();
  if (access === null) {
    throw new UserError(
      `The channel ${channel} names no access file (key channel.access): no approval could be verified. How to write one: docs/gates/human.md.`,
    );
  }
  if (section.permissions.restore === undefined) {
    throw new UserError(
      `Nobody may approve a restore of ${channel}: name the roles that may in its key channel.permissions.restore.`,
    );
  }
  return access;
}
