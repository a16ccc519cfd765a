import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { type AccessPolicy, accessPolicy } from "../../config/schemas/access";
import { type SigningKey, signingKey } from "../../evidence/signing";

/** A person with a key: the private half in PEM, and the entry of the access file. */
export function person(name: string, roles: string[] = [], keyId = name) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  const ed25519 = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  return { pem, identity: { name, roles, keys: [{ id: keyId, ed25519 }] } };
}

type Person = ReturnType<typeof person>;

export function accessOf(...people: Person[]): AccessPolicy {
  return accessPolicy.parse({ identities: people.map(({ identity }) => identity) });
}

export function keyOf(one: Person): SigningKey {
  return signingKey(one.pem, accessOf(one));
}

/** Somebody's key under the name and key id of another. */
export function forged(by: Person, as: Person): SigningKey {
  return { key: createPrivateKey(by.pem), signer: keyOf(as).signer };
}
