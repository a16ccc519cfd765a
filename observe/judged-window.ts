import type { CountedWindow } from "../policies/gates/input/metrics";
import type { Window } from "./release-counts";

/** A window of one service at one weight. */
export interface JudgedWindow extends Window, Pick<CountedWindow, "earlier"> {}

/**
 * All since `begin`, or the last `length` of it. A window that slides begins on a grid of whole scrapes after
 * `begin`, so that it is up to one scrape longer, and is one of a countable row of windows whose beginnings depend
 * on nothing that was seen; nothing is lost by it, because between two scrapes counters tell nothing new.
 * @param begin Unix time in seconds; so is `now`
 * @param length seconds; undefined where it is not to slide
 * @param scrapeInterval seconds
 */
export function judgedWindow(
  begin: number,
  now: number,
  length: number | undefined,
  scrapeInterval: number,
): JudgedWindow {
  const to = Math.max(begin, now);
  if (length === undefined) return { from: begin, to, earlier: null };
  const step = Math.max(1, scrapeInterval);
  const earlier = Math.max(0, Math.floor((to - begin - length) / step));
  return { from: begin + earlier * step, to, earlier };
}

/** As the snapshot keeps it. */
export function told({ from, to, earlier }: JudgedWindow): CountedWindow {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return { from: time(from), to: time(to), earlier };
}
