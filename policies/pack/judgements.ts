import { labelKeys } from "../../rollout/labels";
import type { EvidenceHead } from "../../rollout/record";
import type { Release } from "../../rollout/release";
import type { JudgedChannel, Judgement } from "./channel-judgement";

/** Evidence of a transition, and when that says the data plane had confirmed it. */
export interface NotedEvidence {
  head: EvidenceHead;
  confirmedAt: string;
}

/**
 * What was judged so far in this run. The engine asks about a component before it registers it, and about its
 * children after that: they are measured by what was judged for the channel they belong to.
 */
export class Judgements {
  #last: Judgement | undefined;
  #evidence: NotedEvidence | null = null;

  note(judgement: Judgement): void {
    this.#last = judgement;
  }

  /** Null before anything was judged. */
  get last(): Judgement | null {
    return this.#last ?? null;
  }

  /** Null also where the channel was refused: that is told once, and stops an update by itself. */
  get passed(): JudgedChannel | null {
    return this.#last?.outcome === "passed" ? this.#last.channel : null;
  }

  /** What was registered as the evidence of the transition; the record comes after it. */
  noteEvidence(evidence: NotedEvidence): void {
    this.#evidence = evidence;
  }

  get evidence(): NotedEvidence | null {
    return this.#evidence;
  }

  /** The live release that an object with these labels belongs to. */
  releaseOf(labels: Readonly<Record<string, string>>): Release | undefined {
    const { baseline, candidate } = this.passed?.to ?? {};
    return [baseline, candidate].find((one) => one?.id === labels[labelKeys.release]) ?? undefined;
  }
}
