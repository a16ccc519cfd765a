import { type GateInput, judged } from "./input";
import type { Approval } from "./input/governance";

/** How far the clock of who signs may be ahead of the one of who asks. */
const clockToleranceMilliseconds = 60_000;

type Signed = Pick<Approval, "channel" | "version" | "hash" | "signedAt" | "expiresAt">;

/** Why a signed decision says nothing of this release here and now; null where it counts. */
export function whyNotCounted(
  input: Pick<GateInput, "channelName" | "to" | "record"> & { snapshot: { takenAt: string } },
  signed: Signed,
): string | null {
  const { version, hash } = judged(input);
  const now = Date.parse(input.snapshot.takenAt);
  if (signed.channel !== input.channelName) return `it is for the channel ${signed.channel}`;
  if (signed.version !== version) return `it is for ${signed.version}`;
  if (signed.hash !== hash) return `it is for another release file of ${version}`;
  if (Date.parse(signed.signedAt) > now + clockToleranceMilliseconds) {
    return `it was signed at ${signed.signedAt}, which is still to come`;
  }
  const rolledBack = input.record?.rejected.findLast((one) => one.version === version && one.hash === hash);
  if (rolledBack !== undefined && !(Date.parse(signed.signedAt) > Date.parse(rolledBack.at))) {
    return `it was signed before ${version} was rolled back here (${rolledBack.at})`;
  }
  // Written so that a time that cannot be read is never in force.
  return now < Date.parse(signed.expiresAt) ? null : `it expired at ${signed.expiresAt}`;
}
