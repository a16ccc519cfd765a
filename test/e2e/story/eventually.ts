const usualBoundSeconds = 60;
const pauseMilliseconds = 250;

/** Looks until what it sees is good, for a bounded time; returns what was seen last. */
export async function eventually<Seen>(
  look: () => Promise<Seen>,
  good: (seen: Seen) => boolean,
  awaited: (seen: Seen) => string,
  boundSeconds = usualBoundSeconds,
): Promise<Seen> {
  const deadline = Date.now() + boundSeconds * 1000;
  for (;;) {
    const seen = await look();
    if (good(seen)) {
      return seen;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${boundSeconds} s in vain for ${awaited(seen)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
  }
}
