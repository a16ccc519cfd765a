import { setTimeout as delay } from "node:timers/promises";
import { gatewayUrl } from "../settings";
import { Unexpected } from "./expectation";
import { Ledger } from "./ledger";
import type { Narrator } from "./narrator";
import { readWatchPolicy } from "./policy";
import type { CommandResult, Pulumi } from "./pulumi";
import { type ChannelStatus, parseOutputs } from "./status";
import { awaited } from "./watch";

/** A gate that stays closed for this long after it should have opened is a fault. */
const patienceSeconds = 60;
const retrySeconds = 3;

export interface Stage {
  pulumi: Pulumi;
  narrator: Narrator;
  interrupted: AbortSignal;
  /** Requests per second on each channel. */
  rate: number;
}

interface Update extends CommandResult {
  /** The status after the update, if it was a transition. */
  transition: ChannelStatus | null;
}

/** One channel in the play: its commands, its load, and what was measured of its transitions. */
export class DemoChannel {
  readonly ledger: Ledger;
  readonly #stack: string;
  readonly #stage: Stage;
  #status: ChannelStatus | null = null;

  constructor(stack: string, stage: Stage) {
    this.#stack = stack;
    this.#stage = stage;
    this.ledger = new Ledger(stack);
  }

  async setVersion(version: string): Promise<void> {
    await this.#succeeds(["config", "set", "version", version]);
  }

  async preview(): Promise<void> {
    const { seconds } = await this.#succeeds(["preview"]);
    this.#stage.narrator.outcome("The preview showed plan and gates, and changed nothing", seconds);
  }

  /** First release: from here on the channel has traffic, so its load begins. */
  async install(): Promise<void> {
    await this.moves("install");
    const { rate, narrator } = this.#stage;
    const [host = ""] = readWatchPolicy(this.#stack).channel.gateway.hostnames;
    await this.ledger.startLoad({ url: gatewayUrl, host, rate });
    narrator.say(`  From now on ${rate} requests/s go to http://${host}, a fifth of them writes.`);
  }

  /** `pulumi up` makes this transition at once. */
  async moves(kind: string, weight?: number): Promise<void> {
    const update = await this.#up();
    this.#expect(update, kind, weight);
  }

  /** Lets some traffic pass, so that there is something to see of the last transition. */
  async passesTraffic(seconds: number): Promise<void> {
    await this.#pause(seconds);
  }

  /** `pulumi up` makes this transition as soon as the gates are open. */
  async movesWhenOpen(kind: string, weight?: number): Promise<void> {
    await this.#watch();
    await this.#patiently(`the transition "${kind}"`, async () => {
      const update = await this.#up();
      if (update.exitCode === 0 && update.transition === null) {
        return false;
      }
      this.#expect(update, kind, weight);
      return true;
    });
  }

  /**
   * `pulumi up` is held, tried right after the last one. On a slow machine enough may have been seen by then: it
   * makes this transition.
   * @returns whether it was held
   */
  async isHeldOrMoves(kind: string, weight: number): Promise<boolean> {
    const update = await this.#up();
    if (update.exitCode !== 0 || update.transition !== null) {
      this.#expect(update, kind, weight);
      this.#stage.narrator.say("  Enough was seen before this update had begun: nothing held it.");
      return false;
    }
    this.#stage.narrator.outcome("Held by a gate: exit code 0, nothing changed", update.seconds);
    return true;
  }

  /** `pulumi up` is refused, at the latest once enough was seen: exit code other than 0, and nothing changes. */
  async isBlocked(reason: RegExp): Promise<void> {
    await this.#watch();
    await this.#patiently("a refusal", async () => {
      const update = await this.#up();
      if (update.transition !== null || (update.exitCode !== 0 && !reason.test(update.output))) {
        throw new Unexpected(`expected a gate to refuse the update (${reason}), but it ${became(update)}`);
      }
      if (update.exitCode === 0) {
        return false;
      }
      const sentence = `Refused, as it should be: exit code ${update.exitCode}, nothing changed`;
      this.#stage.narrator.outcome(sentence, update.seconds);
      return true;
    });
  }

  async #up(): Promise<Update> {
    await this.ledger.beforeUpdate();
    const before = this.#status;
    const result = await this.#stage.pulumi.run(["up", "--yes", "--skip-preview", "--stack", this.#stack]);
    this.#status = await this.#readStatus();
    await this.ledger.afterUpdate(before, this.#status, result.seconds);
    const moved = this.#status?.transition.id !== before?.transition.id;
    return { ...result, transition: moved ? this.#status : null };
  }

  #expect(update: Update, kind: string, weight?: number): void {
    const { exitCode, transition, seconds } = update;
    if (
      exitCode !== 0 ||
      transition?.transition.kind !== kind ||
      (weight ?? transition.weight) !== transition.weight
    ) {
      const wanted = weight === undefined ? kind : `${kind} to ${weight} %`;
      throw new Unexpected(`expected the transition "${wanted}", but the update ${became(update)}`);
    }
    this.#stage.narrator.outcome(describe(transition), seconds);
  }

  /** Shows the time pass until the gates of the next stage should be able to judge. */
  async #watch(): Promise<void> {
    const status = this.#status;
    if (status === null) {
      return;
    }
    const policy = readWatchPolicy(this.#stack);
    const since = Date.parse(status.transition.at);
    await this.#stage.narrator.wait(
      async () =>
        awaited(status, policy, {
          seconds: (Date.now() - since) / 1000,
          requests: await this.ledger.answersSince(status.candidate ?? status.baseline ?? ""),
        }),
      () => this.#pause(0.5),
    );
  }

  async #patiently(what: string, attempt: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + patienceSeconds * 1000;
    while (!(await attempt())) {
      if (Date.now() > deadline) {
        throw new Unexpected(`expected ${what}, but the gates still hold after ${patienceSeconds} s more`);
      }
      this.#stage.narrator.say(`  Still held; asking again in ${retrySeconds} s.`);
      await this.#pause(retrySeconds);
    }
  }

  #pause(seconds: number): Promise<void> {
    return delay(seconds * 1000, undefined, { signal: this.#stage.interrupted });
  }

  async #succeeds(args: string[]): Promise<CommandResult> {
    const result = await this.#stage.pulumi.run([...args, "--stack", this.#stack]);
    if (result.exitCode !== 0) {
      throw new Unexpected(`expected exit code 0, but it was ${result.exitCode}`);
    }
    return result;
  }

  async #readStatus(): Promise<ChannelStatus | null> {
    const args = ["stack", "output", "--json", "--stack", this.#stack];
    const { exitCode, output } = await this.#stage.pulumi.quietly(args);
    if (exitCode !== 0) {
      throw new Unexpected(`expected the outputs of stack ${this.#stack}, but got:\n${output}`);
    }
    return parseOutputs(output);
  }
}

function became({ exitCode, transition }: Update): string {
  const change = transition === null ? "changed nothing" : `made the transition "${describe(transition)}"`;
  return `ended with exit code ${exitCode} and ${change}`;
}

function describe({ transition, candidate, weight, baseline }: ChannelStatus): string {
  const position =
    candidate === null ? `${baseline} has all traffic` : `${candidate} has ${weight} % of the traffic`;
  return `${transition.kind}: ${position}`;
}
