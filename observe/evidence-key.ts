import { isValidAt, noKey, signingOf, trustedKeys } from "../evidence/chain/keys";
import type { EvidenceKeySource } from "../policies/gates/input/evidence";
import { notConfigured } from "../policies/gates/input/source";
import type { SnapshotSources } from "./snapshot";

/**
 * Whether the evidence of this transition will be signed by a key that is believed.
 * @throws {UserError} when the access file is missing or not valid
 */
export async function observeEvidenceKey({
  policies,
  projectDir,
  channel,
  now,
}: Pick<SnapshotSources, "policies" | "projectDir" | "channel" | "now">): Promise<EvidenceKeySource> {
  const access = policies.access();
  const signing = await signingOf(process.env, projectDir);
  const required = access?.evidence?.required ?? false;
  if (signing.key === null) {
    return !required && signing.why === noKey
      ? notConfigured
      : { status: "known", keyId: null, problem: signing.why };
  }
  const { id } = signing.key;
  const known = (problem: string | null) => ({ status: "known" as const, keyId: id, problem });
  const keys = await trustedKeys(access);
  // Without a list of keys nobody is told by which one to believe: that is for who audits to know.
  if (keys.length === 0) return known(null);
  const key = keys.find((one) => one.id === id);
  if (key === undefined) return known(`its key ${id} is none of the access file's (evidence.keys)`);
  // It is believed by the time of the confirmation, which comes as late as this.
  const latest = new Date(now.getTime() + channel.maxWait * 1000);
  return [now, latest].every((at) => isValidAt(key, at.toISOString()))
    ? known(null)
    : known(
        `its key ${id} is valid from ${key.from ?? "ever"} until ${key.until ?? "ever"}, and this update may last until ${latest.toISOString()}`,
      );
}
