import type { ReleaseLane } from "../../config/schemas/channel";
import type { EvidenceKind, EvidencePolicy } from "../../config/schemas/evidence";
import type { Release } from "../../rollout/release";
import { changeSize } from "./change";
import { type GateInput, judged } from "./input";

/** Whose evidence it is about. */
export interface EvidenceSubject {
  channel: string;
  lane: ReleaseLane;
  release: Pick<Release, "version" | "hash" | "migrations">;
  /** What it takes the place of; null where nothing was released before. */
  previous: Pick<Release, "version" | "migrations"> | null;
}

/** The step that is entered: the beginning before any traffic, a weight, or the end of the old release. */
export type EvidenceStep = EvidenceKind["neededAt"];

export function evidenceSubject({
  kind,
  to,
  record,
  channelName,
  lane,
}: Pick<GateInput, "kind" | "to" | "record" | "channelName" | "lane">): EvidenceSubject {
  const replaced = kind === "finalize" ? record?.baseline : to.candidate === null ? undefined : to.baseline;
  return { channel: channelName, lane, release: judged({ to }), previous: replaced ?? null };
}

/** Null where a transition gives the release no more than it has: then nothing is asked of it. */
export function enteredStep({ kind, to, record }: Pick<GateInput, "kind" | "to" | "record">) {
  switch (kind) {
    case "install":
      return 100;
    case "start":
    case "advance":
      return to.weight;
    case "finalize":
      return record?.state === "completed" ? kind : null;
    default:
      return null;
  }
}

/** The kinds that the policy asks of this release, at whichever step. */
export function applyingKinds(policy: EvidencePolicy, subject: EvidenceSubject): [string, EvidenceKind][] {
  const { release, previous } = subject;
  // Where nothing was before, everything is new.
  const size = previous === null ? "major" : changeSize(previous.version, release.version);
  return Object.entries(policy.kinds).filter(([, { when }]) => {
    const { change, channels, lane, migrations } = when;
    return (
      (change?.includes(size) ?? true) &&
      (channels?.includes(subject.channel) ?? true) &&
      (lane === undefined || lane === subject.lane) &&
      (migrations === undefined || bringsMigrations(subject))
    );
  });
}

/** Whether a kind is needed at this step or was needed before it. */
export function isNeededBy({ neededAt }: EvidenceKind, step: EvidenceStep): boolean {
  if (step === "finalize" || neededAt === "start") return true;
  return neededAt !== "finalize" && step !== "start" && neededAt <= step;
}

/** The kind's pattern with the release's names in it, each made fit by `quote`. */
export function patternFor(
  { pattern }: EvidenceKind,
  { release, channel }: EvidenceSubject,
  quote: (text: string) => string = (text) => text,
): string {
  const values: Record<string, string> = { version: release.version, hash: release.hash, channel };
  return pattern.replaceAll(/{{(.*?)}}/g, (_, name: string) => quote(values[name.trim()] ?? ""));
}

function bringsMigrations({ release, previous }: EvidenceSubject): boolean {
  const known = new Set(previous?.migrations.map(({ id }) => id));
  return release.migrations.some(({ id }) => !known.has(id));
}
