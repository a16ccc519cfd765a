import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { gatewayUrl } from "../../../local/settings";
import type { TestChannel } from "./channel";

/** What became of one long answer. */
interface LongAnswer {
  version: string;
  whole: boolean;
}

const everyMilliseconds = 1000;

/** Answers that are under way for many seconds, a new one begun every second, until they are told to cease. */
export class LongAnswers {
  readonly #answers: Promise<LongAnswer>[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(channel: TestChannel, seconds: number) {
    const begin = () => this.#answers.push(longAnswer(channel.host, seconds));
    begin();
    this.#timer = setInterval(begin, everyMilliseconds);
  }

  /** Waits for the last one to end. @returns version → how many of its answers came whole, and how many did not */
  async end(): Promise<Record<string, { whole: number; cut: number }>> {
    clearInterval(this.#timer);
    const counts: Record<string, { whole: number; cut: number }> = {};
    for (const { version, whole } of await Promise.all(this.#answers)) {
      const of = counts[version] ?? { whole: 0, cut: 0 };
      counts[version] = whole ? { ...of, whole: of.whole + 1 } : { ...of, cut: of.cut + 1 };
    }
    return counts;
  }
}

async function longAnswer(host: string, seconds: number): Promise<LongAnswer> {
  const request = get(`${gatewayUrl}/orders/watch?seconds=${seconds}`, { headers: { host }, agent: false });
  let version = "none";
  try {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    version = String(response.headers["x-shop-version"]);
    return { version, whole: (await text(response)).endsWith('{"end":true}\n') };
  } catch {
    return { version, whole: false };
  }
}
