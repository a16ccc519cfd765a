import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { calculateJwkThumbprint } from "jose";
import { inOneLine, UserError } from "../../config/load/problems";
import type { AccessPolicy } from "../../config/schemas/access";
import { privateKey, publicKey } from "../signing";
import type { EvidenceKey } from "./envelope";

/** A public key that evidence is believed by, while it is valid. */
export interface TrustedKey {
  id: string;
  key: KeyObject;
  /** ISO 8601; null without an end on that side. */
  from: string | null;
  until: string | null;
}

/** What evidence is signed with; where nobody signs, why. */
export type Signing = { key: EvidenceKey } | { key: null; why: string };

/** RFC 7638. */
function thumbprint(key: KeyObject): Promise<string> {
  const { kty, crv, x } = key.export({ format: "jwk" });
  return calculateJwkThumbprint({ kty, crv, x });
}

/** base64 of the 32 bytes, as the access file has it. */
export function publicHalf({ key }: EvidenceKey): string {
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64");
}

/** Under `evidence.keys` of an access file. */
export async function trustedKeys(access: AccessPolicy | null): Promise<TrustedKey[]> {
  const listed = access?.evidence?.keys ?? [];
  return Promise.all(
    listed.map(async ({ ed25519, from, until }) => {
      const key = publicKey(ed25519);
      return { id: await thumbprint(key), key, from: from ?? null, until: until ?? null };
    }),
  );
}

export const noKey =
  "no key is given: set RELEASE_EVIDENCE_KEY_FILE (a path) or RELEASE_EVIDENCE_KEY (the key in PEM)";

/**
 * The key that a run signs its evidence with, from the environment. Never throws: evidence is written in any case.
 * @param projectDir what the file's path is relative to: program and policy pack run in different folders
 */
export async function signingOf(
  { RELEASE_EVIDENCE_KEY_FILE: file, RELEASE_EVIDENCE_KEY: text }: NodeJS.ProcessEnv,
  projectDir: string,
): Promise<Signing> {
  if (!file && !text) return { key: null, why: noKey };
  try {
    const key = privateKey(file ? readKeyFile(file, projectDir) : (text ?? ""));
    return { key: { id: await thumbprint(createPublicKey(key)), key } };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { key: null, why: inOneLine(error) };
  }
}

function readKeyFile(file: string, projectDir: string): string {
  try {
    return readFileSync(resolve(projectDir, file), "utf8");
  } catch (error) {
    throw new UserError(
      `The key file ${file} (RELEASE_EVIDENCE_KEY_FILE) cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

/** Whether a key was valid at a time, ISO 8601. */
export function isValidAt({ from, until }: TrustedKey, at: string): boolean {
  const instant = Date.parse(at);
  return (from === null || instant >= Date.parse(from)) && (until === null || instant < Date.parse(until));
}
