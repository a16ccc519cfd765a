import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadPolicies } from "../../config/load/policies";
import { UserError } from "../../config/load/problems";
import { loadRelease } from "../../config/load/release";
import { loadStackFile } from "../../config/load/stack-file";
import type { ChannelSection } from "../../config/schemas/channel";
import { resolveRelease } from "../../rollout/release";
import { type SigningKey, signingKey } from "../signing";
import { askedFor } from "./asked-roles";
import { longestRestoreApprovalSeconds, signApproval, signOverride } from "./decision";

export interface SignRequest {
  /** The stack's name. */
  channel: string;
  /** Another version than the channel asks for. */
  version?: string;
  /** How long it holds, in seconds from now. */
  expires: number;
  keyFile?: string;
}

export interface SignContext {
  projectDir: string;
  environment: NodeJS.ProcessEnv;
  now: Date;
}

export interface Signed {
  file: string;
  channel: string;
  version: string;
  hash: string;
  by: string;
  roles: string[];
  expiresAt: string;
  /** What the signer should know, as that it will not count. */
  warnings: string[];
}

/** @throws {UserError} when a file is missing or not valid, or the key is nobody's; so does `overrideGate`. */
export function approveStep(request: SignRequest & { scope: string }, context: SignContext): Promise<Signed> {
  const { scope } = request;
  if (scope.startsWith("restore:")) refuseUnlikely(request);
  return write(
    request,
    context,
    scope.replaceAll(":", "-"),
    (about, key) => signApproval({ scope, ...about }, key),
    (section, roles) => {
      const asked = askedFor(section, scope);
      return asked === null || roles.length === 0 || asked.some((role) => roles.includes(role))
        ? []
        : [`it will not be counted: an approval of ${scope} is asked of ${asked.join(", ") || "nobody"}`];
    },
  );
}

/** What is signed for another channel, or for longer than it may hold, would never count. */
function refuseUnlikely({ scope, channel, expires }: SignRequest & { scope: string }): void {
  if (!scope.startsWith(`restore:${channel}:`)) {
    throw new UserError(`The scope ${scope} is of another channel than ${channel} (--channel).`);
  }
  if (expires > longestRestoreApprovalSeconds) {
    throw new UserError(
      `The approval of a restore lasts ${longestRestoreApprovalSeconds / 3600} h at most (--expires 4h).`,
    );
  }
}

export function overrideGate(
  request: SignRequest & { gate: string; reason: string },
  context: SignContext,
): Promise<Signed> {
  const { gate, reason } = request;
  return write(
    request,
    context,
    `override-${gate}`,
    (about, key) => signOverride({ gate, reason, ...about }, key),
    ({ permissions }, roles) =>
      permissions.override?.some((role) => roles.includes(role))
        ? []
        : [
            `it will not be counted: who may override is ${permissions.override?.join(", ") ?? "nobody"} (key channel.permissions.override)`,
          ],
  );
}

interface About {
  channel: string;
  version: string;
  hash: string;
  signedAt: string;
  expiresAt: string;
}

async function write(
  { channel, version, expires, keyFile }: SignRequest,
  { projectDir, environment, now }: SignContext,
  name: string,
  sign: (about: About, key: SigningKey) => Promise<string>,
  objections: (section: ChannelSection, roles: readonly string[]) => string[],
): Promise<Signed> {
  const { settings, channel: section } = loadStackFile(projectDir, channel);
  const access = loadPolicies(projectDir, section).access();
  if (access === null) {
    throw new UserError(
      `The channel ${channel} names no access file (key channel.access): no signature could be verified. How to write one: docs/gates/human.md.`,
    );
  }
  const release = resolveRelease(loadRelease(projectDir, section.releases, version ?? settings.version), {});
  const pem = readKey(keyFile, environment);
  const key = signingKey(pem.text, access);
  const { by, roles, keyId } = key.signer;
  const about = {
    channel,
    version: release.version,
    hash: release.hash,
    signedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + expires * 1000).toISOString(),
  };
  const token = await sign(about, key);
  const file = join(
    section.approvals.folder,
    `${[channel, release.version, name, keyId.replaceAll(/[^A-Za-z0-9._-]+/g, "-")].join("_")}.jws`,
  );
  try {
    mkdirSync(resolve(projectDir, section.approvals.folder), { recursive: true });
    writeFileSync(resolve(projectDir, file), `${token}\n`);
  } catch (error) {
    throw new UserError(
      `${file} cannot be written (key channel.approvals.folder): ${(error as NodeJS.ErrnoException).code}`,
    );
  }
  const noRole = roles.length === 0 ? [`${by} has no role in the access file: it will not be counted`] : [];
  const { version: signedVersion, hash, expiresAt } = about;
  return {
    file,
    channel,
    version: signedVersion,
    hash,
    by,
    roles,
    expiresAt,
    warnings: [...pem.warnings, ...noRole, ...objections(section, roles)],
  };
}

/** From a file or the environment, never from an argument: other users of the machine can see those. */
function readKey(
  keyFile: string | undefined,
  { RELEASE_SIGNING_KEY, RELEASE_SIGNING_KEY_FILE }: NodeJS.ProcessEnv,
): { text: string; warnings: string[] } {
  const file = keyFile ?? RELEASE_SIGNING_KEY_FILE;
  if (file === undefined) {
    if (RELEASE_SIGNING_KEY !== undefined) return { text: RELEASE_SIGNING_KEY, warnings: [] };
    throw new UserError(
      "No key to sign with: give --key-file <file>, or set RELEASE_SIGNING_KEY_FILE (a path) or RELEASE_SIGNING_KEY (the key in PEM).",
    );
  }
  try {
    const readableByOthers = (statSync(file).mode & 0o077) !== 0;
    const warnings = readableByOthers ? [`${file} can be read by others: chmod 600 ${file}`] : [];
    return { text: readFileSync(file, "utf8"), warnings };
  } catch (error) {
    throw new UserError(`The key file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
