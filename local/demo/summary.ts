import type { Slice } from "../load/slice";
import type { ChannelStatus } from "./status";

/** One transition as a line of the demo's table and of `.local/demo/summary.json`. */
export interface TransitionSummary {
  channel: string;
  kind: string;
  from: string | null;
  to: string;
  /** Duration of the `pulumi up`. */
  seconds: number;
  /** Share of the traffic, in percent, that the candidate was to get. */
  weightAsked: number;
  /** Share it had of the product's answers from the confirmation to the next transition; null without answers. */
  weightObserved: number | null;
  /** Requests from the beginning of this transition to the beginning of the next. */
  requests: number;
  failed: number;
}

export interface DemoSummary {
  transitions: TransitionSummary[];
  requests: number;
  failed: number;
  seconds: number;
}

/** A transition as it was measured: the channel before and after, and the load during and since. */
export interface MeasuredTransition {
  channel: string;
  before: ChannelStatus | null;
  after: ChannelStatus;
  seconds: number;
  /** Load during the `pulumi up`; none at an installation. */
  during: Slice[];
  /** Load from the end of the `pulumi up` to the beginning of the next transition. */
  since: Slice[];
}

export function summarizeTransition(measured: MeasuredTransition): TransitionSummary {
  const { channel, before, after, seconds, during, since } = measured;
  const { from, to, candidate, weight } = movement(before, after);
  return {
    channel,
    kind: after.transition.kind,
    from,
    to,
    seconds: round(seconds),
    weightAsked: weight,
    weightObserved: share(since, candidate),
    requests: sum([...during, ...since].map(({ requests }) => requests)),
    failed: sum([...during, ...since].map(({ failed }) => failed)),
  };
}

export function summarize(transitions: TransitionSummary[], seconds: number): DemoSummary {
  return {
    transitions,
    requests: sum(transitions.map(({ requests }) => requests)),
    failed: sum(transitions.map(({ failed }) => failed)),
    seconds: round(seconds),
  };
}

/** Answers that `version` gave. */
export function answersOf(version: string, slices: Slice[]): number {
  return sum(slices.map(({ byVersion }) => byVersion[version]?.requests ?? 0));
}

/** Percentage of the product's answers that came from `version`, to a tenth. */
function share(slices: Slice[], version: string): number | null {
  const answers = sum(
    slices.flatMap(({ byVersion }) => Object.values(byVersion).map(({ requests }) => requests)),
  );
  return answers === 0 ? null : round((answersOf(version, slices) / answers) * 100);
}

/** From which version to which, and the share asked for the one that is on its way in, or was. */
function movement(before: ChannelStatus | null, after: ChannelStatus) {
  const baseline = named(after.baseline, after);
  if (after.candidate !== null) {
    const back = after.state === "rolled-back";
    return {
      from: back ? after.candidate : baseline,
      to: back ? baseline : after.candidate,
      candidate: after.candidate,
      weight: after.weight,
    };
  }
  const candidate = before?.candidate ?? baseline;
  const stayed = candidate === baseline;
  return {
    from: stayed ? (before?.baseline ?? null) : candidate,
    to: baseline,
    candidate,
    weight: stayed ? 100 : 0,
  };
}

function named(version: string | null, status: ChannelStatus): string {
  if (version === null) {
    throw new Error(
      `a channel with traffic has a baseline, but this one has none: ${JSON.stringify(status)}`,
    );
  }
  return version;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
