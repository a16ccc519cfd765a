import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadPolicies } from "../config/load/policies";
import { UserError } from "../config/load/problems";
import { loadStackFile } from "../config/load/stack-file";
import { signDetached, signingKey } from "./signing";

export interface SignRequest {
  projectDir: string;
  /** The stack whose access file says who is who. */
  channel: string;
  /** Files, relative to the project. */
  report: string;
  keyFile: string;
}

/**
 * Writes the signature of a report beside it.
 * @returns what was done, for the person who signs
 * @throws {UserError} when a file is missing, or the key is nobody's
 */
export async function signReport({ projectDir, channel, report, keyFile }: SignRequest): Promise<string> {
  const access = loadPolicies(projectDir, loadStackFile(projectDir, channel).channel).access();
  if (access === null) {
    throw new UserError(
      `The channel ${channel} names no access file (key channel.access): nobody can sign for it. How to write one: docs/gates/human.md.`,
    );
  }
  const pem = await readNeeded(projectDir, keyFile);
  const key = signingKey(pem.toString("utf8"), access);
  const token = await signDetached(await readNeeded(projectDir, report), key);
  await writeFile(resolve(projectDir, `${report}.jws`), `${token}\n`).catch((error) => {
    throw new UserError(`${report}.jws cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  });
  const { by, roles } = key.signer;
  return `${report}.jws: signed by ${by}, who is ${roles.join(", ") || "nothing yet (roles)"}\n`;
}

async function readNeeded(projectDir: string, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(projectDir, file));
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
