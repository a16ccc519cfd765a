import type { WatchPolicy } from "./policy";
import type { ChannelStatus } from "./status";

/** What has been seen of the candidate at its present weight. */
export interface Seen {
  seconds: number;
  /** Answers of the candidate. */
  requests: number;
}

/**
 * What a stage's gates still wait for, as a sentence with the figures, or null when they should be open. This
 * only times the next `pulumi up`: the gates themselves count in Prometheus and have the last word.
 */
export function awaited(
  status: ChannelStatus,
  { channel, minimumRequests }: WatchPolicy,
  seen: Seen,
): string | null {
  const { observation, rollbackWindow } = channel;
  // The gates' counts begin one scrape after the confirmation; the update takes longer to start than the last one.
  const late = channel.prometheus?.scrapeInterval ?? 0;
  const seconds = Math.max(0, seen.seconds - late);
  const enough =
    seconds >= observation.for ||
    (observation.requests !== undefined && seen.requests >= observation.requests * margin(seen, late));
  const sampled = seen.requests >= minimumRequests * margin(seen, late);
  const window = status.state !== "completed" || seen.seconds >= rollbackWindow;
  if (enough && sampled && window) {
    return null;
  }
  const weight = `${status.candidate ?? status.baseline} at ${status.weight} %`;
  const wanted = [
    `${Math.floor(seen.seconds)} s of ${observation.for} s`,
    ...(observation.requests === undefined ? [] : [`${seen.requests} of ${observation.requests} requests`]),
  ].join(", ");
  const end = window ? "" : `; rollback window: ${Math.floor(seen.seconds)} s of ${rollbackWindow} s`;
  return `watching ${weight}: ${wanted}${end}`;
}

/** Requests seen here that Prometheus may not have counted yet, as a factor. */
function margin({ seconds }: Seen, late: number): number {
  return seconds <= late ? Number.POSITIVE_INFINITY : seconds / (seconds - late);
}
