import canonicalize from "canonicalize";
import type { Snapshot } from "../../policies/gates/input";
import type { ChannelRecord } from "../../rollout/record";
import type { Release } from "../../rollout/release";
import { withoutSecrets } from "../../rollout/secret-text";
import { sha256 } from "./envelope";
import type { TransitionPredicate } from "./statement";

/** Of the canonical snapshot: in its envelope, with all else, it has to fit into a ConfigMap of 1 MiB. */
export const largestSnapshotBytes = 256 * 1024;

const longestText = 4096;

/** The snapshot as evidence keeps it: whole, or by its hash where it is too large. */
export function keptSnapshot(snapshot: Snapshot | null): TransitionPredicate["snapshot"] {
  if (snapshot === null) return { sha256: null, content: null, omitted: null };
  const content = presentable(selected(snapshot)) as Record<string, unknown>;
  const bytes = Buffer.from(canonicalize(content) ?? "", "utf8");
  const tooLarge = bytes.length > largestSnapshotBytes;
  return {
    sha256: sha256(bytes),
    content: tooLarge ? null : content,
    omitted: tooLarge ? `it has ${bytes.length} bytes; kept are ${largestSnapshotBytes} at most` : null,
  };
}

/**
 * Releases by their names, not with their environments, and Jobs without their last words: neither is what a gate
 * counts, and both are texts of somebody else's.
 */
function selected({ live, promotion, ...rest }: Snapshot) {
  return {
    ...rest,
    live: { ...live, jobs: live.jobs.map(({ says: _says, ...job }) => job) },
    promotion:
      promotion.status === "known" ? { ...promotion, record: recordRef(promotion.record) } : promotion,
  };
}

function recordRef(record: ChannelRecord | null) {
  if (record === null) return null;
  const { channel, state, baseline, candidate, weight, transition, since, completed, rejected } = record;
  const named = ({ id, version, hash }: Release) => ({ id, version, hash });
  return {
    ...{ channel, state, weight, transition, since, completed, rejected },
    baseline: named(baseline),
    candidate: candidate === null ? null : named(candidate),
  };
}

/** JSON that can be kept: no text that looks like a secret or has no end, no figure that is no number. */
export function presentable(value: unknown): unknown {
  if (typeof value === "string") {
    // Before it is cut: half of a secret is not known as one.
    const text = withoutSecrets(value.slice(0, 4 * longestText));
    return text.length > longestText ? `${text.slice(0, longestText)} …` : text;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(presentable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .map(([name, child]) => [name, presentable(child)]),
  );
}
