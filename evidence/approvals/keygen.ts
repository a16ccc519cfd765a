import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../config/load/problems";

/** Last bytes of the DER form of an ed25519 public key: the key itself. */
const publicKeyBytes = 32;

export interface KeyRequest {
  file: string;
  /** Whose key it is to be. */
  name: string;
  /** How signatures refer to it. */
  keyId: string;
}

/**
 * Writes a private key that nobody else can read; an existing file is left as it is.
 * @returns the entry of the access file for it
 * @throws {UserError} when it cannot be written
 */
export function generateKey({ file, name, keyId }: KeyRequest): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  try {
    const pem = privateKey.export({ format: "pem", type: "pkcs8" });
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, pem, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === "EEXIST"
        ? `${file} exists already and is left as it is: a key that is lost cannot be had again. Choose another file.`
        : `${file} cannot be written: ${code}`,
    );
  }
  const ed25519 = publicKey
    .export({ format: "der", type: "spki" })
    .subarray(-publicKeyBytes)
    .toString("base64");
  return stringify({ identities: [{ name, roles: [], keys: [{ id: keyId, ed25519 }] }] });
}
