import type { ChannelRecord, Position } from "./record";

/**
 * Correlation id of each live release: the id of the transition that brought it in. It stays the same while the
 * release is live, so that its objects, and all records of its rollout, are found by it. A release that was live
 * before ids were kept has none.
 * @param transition id of the transition that leads to `to`; null where nothing changes
 */
export function correlationsOf(
  previous: ChannelRecord | null,
  { baseline, candidate }: Pick<Position, "baseline" | "candidate">,
  transition: string | null,
): Record<string, string> {
  const wasLive = (id: string) => id === previous?.baseline.id || id === previous?.candidate?.id;
  const ids = [baseline.id, ...(candidate === null ? [] : [candidate.id])];
  return Object.fromEntries(
    ids.flatMap((id) => {
      const correlation = wasLive(id) ? previous?.correlations?.[id] : transition;
      return correlation ? [[id, correlation]] : [];
    }),
  );
}
