import type { ChannelSection } from "../../config/schemas/channel";
import type { Verdict } from "../../rollout/verdict";
import { isHotfix } from "./hotfix";
import { type GateInput, judged, raises } from "./input";

const gate = "observation";

/** The present weight was watched for long enough, or over enough candidate requests. */
export function observation(input: GateInput): Verdict {
  const { record, snapshot } = input;
  if (!raises(input) || record === null) {
    return { gate, status: "skipped", reason: "judges only what already has traffic" };
  }
  const seconds = Math.max(0, Math.floor((Date.parse(snapshot.takenAt) - Date.parse(record.since)) / 1000));
  const wanted = enoughSeen(input, record.weight);
  const requests = fewestRequests(input);
  const observed = [`${seconds} s`, ...(requests === null ? [] : [`${requests} requests`])].join(", ");
  const expected = [
    `${wanted.for} s`,
    ...(wanted.requests === undefined ? [] : [`${wanted.requests} requests`]),
  ].join(" or ");
  const figures = { observed, expected };
  const version = judged(input).version;
  if (seconds >= wanted.for) {
    return { gate, status: "pass", reason: `${version} was observed for ${seconds} s`, ...figures };
  }
  if (wanted.requests !== undefined && requests !== null && requests >= wanted.requests) {
    return { gate, status: "pass", reason: `${version} was observed over ${requests} requests`, ...figures };
  }
  return {
    gate,
    status: "hold",
    reason: `${version} has been observed for ${observed}; wanted are ${expected}`,
    ...figures,
  };
}

/** The hotfix lane has times of its own, the same at each weight. */
function enoughSeen(
  input: GateInput,
  weight: number,
): Pick<ChannelSection["observation"], "for" | "requests"> {
  const { channel, lane } = input;
  if (lane === "hotfix" && channel.hotfix !== undefined && isHotfix(input)) return channel.hotfix.observation;
  return { ...channel.observation, ...channel.observation.stages[String(weight)] };
}

/**
 * Of the services that are counted, the one with the fewest requests: lock-step waits for the slowest. The
 * requests of a load probe are not the users', and observe nothing.
 */
function fewestRequests({ snapshot, slo }: GateInput): number | null {
  if (slo.mode === "quick") return null;
  const counted = Object.values(snapshot.services ?? {}).map(({ candidate, problem }) =>
    problem === null && Number.isFinite(candidate?.requests) ? (candidate?.requests ?? null) : null,
  );
  if (counted.length === 0 || counted.includes(null)) return null;
  return Math.min(...counted.filter((count) => count !== null));
}
