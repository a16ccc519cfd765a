import type { ChannelRecord } from "../../rollout/record";
import type { Release } from "../../rollout/release";

/** How long a channel has served a release that it completed. */
export interface Served {
  /** ISO 8601, the end of the confirmation that it has all of the traffic. */
  since: string;
  /** When another version had all of its traffic; null while it still serves this one. */
  until: string | null;
  /** As the channel has it; null where its record does not hold it any more. */
  release: Release | null;
}

/** Null where it never completed this very release file, or rolled it back since. */
export function servedIn(
  record: ChannelRecord,
  { version, hash }: Pick<Release, "version" | "hash">,
): Served | null {
  const completed = record.completed.find((entry) => entry.version === version && entry.hash === hash);
  if (completed === undefined) return null;
  const { at } = completed;
  const serving = record.state === "completed" ? record.candidate : record.baseline;
  if (serving?.version === version && serving.hash === hash)
    return { since: at, until: null, release: serving };
  const left = record.history.find(
    ({ transition, to }) =>
      Date.parse(transition.at) > Date.parse(at) && to.version !== version && to.weight === 100,
  );
  // Where the history does not reach back that far, nothing is known of how long it was.
  return { since: at, until: left?.transition.at ?? at, release: null };
}
