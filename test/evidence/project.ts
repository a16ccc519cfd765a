import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { FlattenedSign } from "jose";
import { type AccessPolicy, accessPolicy } from "../../config/schemas/access";
import { type EvidencePolicy, evidencePolicy } from "../../config/schemas/evidence";
import { collectEvidence } from "../../evidence/collect";
import type { EvidenceSubject } from "../../policies/gates/required-evidence";
import { Project } from "../config/files";
import { next, old } from "../rollout/releases";

/** What every report of the judged release says of itself. */
export const identity = {
  version: "1.1.0",
  produced_at: "2026-01-01T00:30:00Z",
  release_candidate_id: "1.1.0-rc.1",
  correlation_id: "01KDVE0000000000000000RC11",
};

/** 1.1.0 on its way over 1.0.0 in canary. */
export const subject: EvidenceSubject = { channel: "canary", lane: "train", release: next, previous: old };

export const now = new Date("2026-01-01T01:00:00Z");

export const kinds = (kinds: object, more: object = {}): EvidencePolicy =>
  evidencePolicy.parse({ kinds, ...more });

/** A project whose evidence is collected as for a rollout. */
export class EvidenceProject extends Project {
  /** Who has which key. */
  access: AccessPolicy | null = null;

  json(file: string, content: object): Buffer {
    const text = `${JSON.stringify(content, null, 2)}\n`;
    this.write(file, text);
    return Buffer.from(text);
  }

  collect(policy: EvidencePolicy, about: EvidenceSubject = subject) {
    return collectEvidence(policy, about, { projectDir: this.folder, access: () => this.access, now });
  }

  /** The only kind's item. */
  async collectOne(kind: object) {
    const [item] = await this.collect(kinds({ one: kind }));
    return item!;
  }
}

/** Somebody with a key of their own, and their entry in the access file. */
export function signer(name: string, roles: string[]) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const ed25519 = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  return {
    identity: { name, roles, keys: [{ id: `${name}-1`, ed25519 }] },
    sign: (payload: Uint8Array) => detached(payload, privateKey, `${name}-1`),
  };
}

export const accessOf = (...people: ReturnType<typeof signer>[]): AccessPolicy =>
  accessPolicy.parse({ identities: people.map(({ identity }) => identity) });

async function detached(payload: Uint8Array, key: KeyObject, kid: string): Promise<string> {
  const jws = await new FlattenedSign(payload).setProtectedHeader({ alg: "EdDSA", kid }).sign(key);
  return `${jws.protected}..${jws.signature}`;
}
