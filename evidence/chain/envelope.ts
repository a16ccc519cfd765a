import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { dsse } from "@sigstore/core";
import canonicalize from "canonicalize";
import { z } from "zod";
import type { EvidenceHead } from "../../rollout/record";
import type { TransitionStatement } from "./statement";

/** Media type of an in-toto Statement in a DSSE envelope. */
export const payloadType = "application/vnd.in-toto+json";

/** DSSE 1.0 (https://github.com/secure-systems-lab/dsse). One without signatures is marked as that in its statement. */
export const envelope = z.object({
  payloadType: z.literal(payloadType),
  payload: z.base64(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.base64() })),
});
export type Envelope = z.infer<typeof envelope>;

/** A private key for evidence; its id is the RFC 7638 thumbprint of its public half. */
export interface EvidenceKey {
  id: string;
  key: KeyObject;
}

export interface Sealed {
  /** The envelope as it is stored: JSON. */
  text: string;
  head: EvidenceHead;
}

/**
 * Puts a statement into its envelope. Ed25519 is deterministic: the same statement and key give the same text.
 * @param key null where nobody signs
 */
export function seal(statement: TransitionStatement, key: EvidenceKey | null): Sealed {
  const payload = Buffer.from(canonicalize(statement) ?? "", "utf8");
  const signatures =
    key === null
      ? []
      : [{ keyid: key.id, sig: sign(null, signedBytes(payload), key.key).toString("base64") }];
  const sealed: Envelope = { payloadType, payload: payload.toString("base64"), signatures };
  return {
    text: JSON.stringify(sealed),
    head: { sequence: statement.predicate.sequence, sha256: sha256(payload) },
  };
}

/** Null where a text is no envelope. */
export function readEnvelope(text: string): Envelope | null {
  try {
    return envelope.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether a text is an envelope as `seal` writes it: base64 alone has several readings of some bytes. */
export function isExact(text: string, { payloadType, payload, signatures }: Envelope): boolean {
  const again = (base64: string) => Buffer.from(base64, "base64").toString("base64");
  const exact: Envelope = {
    payloadType,
    payload: again(payload),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: again(sig) })),
  };
  return JSON.stringify(exact) === text;
}

export function payloadOf({ payload }: Envelope): Buffer {
  return Buffer.from(payload, "base64");
}

/** What the next one names as its predecessor: also of what is no envelope, which the chain must go on after. */
export function digestOf(text: string): string {
  const read = readEnvelope(text);
  return sha256(read === null ? text : payloadOf(read));
}

export function isSignedBy(read: Envelope, sig: string, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(payloadOf(read)), publicKey, Buffer.from(sig, "base64"));
}

function signedBytes(payload: Buffer): Buffer {
  return dsse.preAuthEncoding(payloadType, payload);
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
