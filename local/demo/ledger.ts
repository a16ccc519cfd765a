import { type Load, startLoad } from "../load/load";
import type { LoadOptions } from "../load/options";
import type { Failure } from "../load/slice";
import type { ChannelStatus } from "./status";
import { answersOf, type MeasuredTransition, summarizeTransition, type TransitionSummary } from "./summary";

/** Books every request of one channel's load under the transition it belongs to. */
export class Ledger {
  readonly #channel: string;
  readonly #measured: MeasuredTransition[] = [];
  #load: Load | undefined;

  constructor(channel: string) {
    this.#channel = channel;
  }

  async startLoad(options: LoadOptions): Promise<void> {
    this.#load = await startLoad(options);
  }

  /** To be called right before an update: what was sent until now belongs to the last transition. */
  async beforeUpdate(): Promise<void> {
    await this.#bookOnLast();
  }

  /** To be called right after an update that took `seconds`; it was a transition if the status says so. */
  async afterUpdate(
    before: ChannelStatus | null,
    after: ChannelStatus | null,
    seconds: number,
  ): Promise<void> {
    if (after === null || after.transition.id === before?.transition.id) {
      await this.#bookOnLast();
      return;
    }
    const slice = await this.#load?.mark();
    const during = slice === undefined ? [] : [slice];
    this.#measured.push({ channel: this.#channel, before, after, seconds, during, since: [] });
  }

  /** Answers that `version` has given since the last transition. */
  async answersSince(version: string): Promise<number> {
    const now = await this.#load?.peek();
    const since = this.#measured.at(-1)?.since ?? [];
    return answersOf(version, now === undefined ? since : [...since, now]);
  }

  /** Ends the load. */
  async close(): Promise<{ transitions: TransitionSummary[]; failures: Failure[] }> {
    await this.#bookOnLast();
    const total = await this.#load?.stop();
    return { transitions: this.#measured.map(summarizeTransition), failures: total?.failures ?? [] };
  }

  async stopLoad(): Promise<void> {
    await this.#load?.stop();
  }

  async #bookOnLast(): Promise<void> {
    const slice = await this.#load?.mark();
    if (slice !== undefined) {
      this.#measured.at(-1)?.since.push(slice);
    }
  }
}
