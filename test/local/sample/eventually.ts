import { setTimeout as sleep } from "node:timers/promises";

/** Tries until it succeeds, for at most 20 seconds; then fails with the last failure. */
export async function eventually<T>(attempt: () => Promise<T> | T): Promise<T> {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
      await sleep(50);
    }
  }
}
