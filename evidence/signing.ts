import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { CompactSign, compactVerify, decodeProtectedHeader, errors, flattenedVerify } from "jose";
import { UserError } from "../config/load/problems";
import type { AccessPolicy } from "../config/schemas/access";

/** Whose key made a signature. */
export interface Signer {
  by: string;
  roles: string[];
  keyId: string;
}

export type SignatureCheck =
  | { status: "valid"; signer: Signer; payload: Uint8Array; type: string | null }
  | { status: "wrong"; problem: string };

const algorithms = ["EdDSA", "Ed25519"];

/** DER prefix of an ed25519 public key (RFC 8410): the 32 bytes of the key follow. */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Checks a compact JWS (RFC 7515, EdDSA, key id in its header) against the keys of the access file. What a key has
 * signed for one purpose is believed for no other only where the caller looks at `type`, the header's `typ`
 * (RFC 8725, section 3.11).
 * @param detached the payload where the token carries none: of a file that is signed beside itself
 */
export async function checkSignature(
  token: string,
  access: AccessPolicy,
  detached?: Uint8Array,
): Promise<SignatureCheck> {
  let keyId: string | undefined;
  let type: string | null;
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    keyId = kid;
    type = typ ?? null;
  } catch {
    return { status: "wrong", problem: "it is no JSON Web Signature" };
  }
  const owner = access.identities.find(({ keys }) => keys.some(({ id }) => id === keyId));
  const key = owner?.keys.find(({ id }) => id === keyId);
  if (owner === undefined || key === undefined) {
    return { status: "wrong", problem: `its key ${keyId ?? "without id"} is nobody's in the access file` };
  }
  try {
    const { payload } =
      detached === undefined
        ? await compactVerify(token, publicKey(key.ed25519), { algorithms })
        : await flattenedVerify(withPayload(token, detached), publicKey(key.ed25519), { algorithms });
    return { status: "valid", signer: { by: owner.name, roles: owner.roles, keyId: key.id }, payload, type };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return { status: "wrong", problem: `its signature is not that of key ${key.id} (${error.message})` };
  }
}

/** @param base64 the 32 bytes of an ed25519 public key */
export function publicKey(base64: string): KeyObject {
  const der = Buffer.concat([ed25519Prefix, Buffer.from(base64, "base64")]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

/** A detached compact JWS has nothing between its dots (RFC 7515, appendix F). */
function withPayload(token: string, payload: Uint8Array) {
  const [header = "", , signature = ""] = token.split(".");
  return { protected: header, payload: Buffer.from(payload).toString("base64url"), signature };
}

/** A private key, and whose it is by the access file. */
export interface SigningKey {
  key: KeyObject;
  signer: Signer;
}

/**
 * Finds out whose a private key is, by its public half.
 * @param pem ed25519 in PKCS #8, as `openssl genpkey -algorithm ed25519` writes it
 * @throws {UserError} when it is no such key, or nobody's
 */
export function signingKey(pem: string, access: AccessPolicy): SigningKey {
  const key = privateKey(pem);
  const own = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(ed25519Prefix.length);
  for (const { name, roles, keys } of access.identities) {
    const known = keys.find(({ ed25519 }) => own.equals(Buffer.from(ed25519, "base64")));
    if (known !== undefined) return { key, signer: { by: name, roles, keyId: known.id } };
  }
  throw new UserError(
    `The key is nobody's in the access file. Its public half, to be added there under \`keys\`: ${own.toString("base64")}`,
  );
}

/** @throws {UserError} when it is no ed25519 key; what the text holds is not told */
export function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Told below, without what the file holds.
  }
  throw new UserError(
    "The key file holds no ed25519 private key in PEM (openssl genpkey -algorithm ed25519).",
  );
}

/**
 * A compact JWS that carries its payload.
 * @param type what it is, for a reader who believes it for nothing else
 */
export function signPayload(
  payload: Uint8Array,
  { key, signer }: SigningKey,
  type?: string,
): Promise<string> {
  const header = { alg: "EdDSA", kid: signer.keyId, ...(type === undefined ? {} : { typ: type }) };
  return new CompactSign(payload).setProtectedHeader(header).sign(key);
}

/** The same without the payload, to lie beside the file that holds it. */
export async function signDetached(payload: Uint8Array, key: SigningKey): Promise<string> {
  const [header, , signature] = (await signPayload(payload, key)).split(".");
  return `${header}..${signature}`;
}
