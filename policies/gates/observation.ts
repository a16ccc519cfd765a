import type { Verdict } from "../../rollout/verdict";
import { type GateInput, judged, raises } from "./input";

const gate = "observation";

/** The present weight was watched for long enough, or over enough candidate requests. */
export function observation(input: GateInput): Verdict {
  const { record, channel, snapshot } = input;
  if (!raises(input) || record === null) {
    return { gate, status: "skipped", reason: "judges only what already has traffic" };
  }
  const seconds = Math.max(0, Math.floor((Date.parse(snapshot.takenAt) - Date.parse(record.since)) / 1000));
  const { for: wantedSeconds, requests: wantedRequests } = channel.observation;
  const requests = fewestRequests(input);
  const observed = [`${seconds} s`, ...(requests === null ? [] : [`${requests} requests`])].join(", ");
  const expected = [
    `${wantedSeconds} s`,
    ...(wantedRequests === undefined ? [] : [`${wantedRequests} requests`]),
  ].join(" or ");
  const figures = { observed, expected };
  const version = judged(input).version;
  if (seconds >= wantedSeconds) {
    return { gate, status: "pass", reason: `${version} was observed for ${seconds} s`, ...figures };
  }
  if (wantedRequests !== undefined && requests !== null && requests >= wantedRequests) {
    return { gate, status: "pass", reason: `${version} was observed over ${requests} requests`, ...figures };
  }
  return {
    gate,
    status: "hold",
    reason: `${version} has been observed for ${observed}; wanted are ${expected}`,
    ...figures,
  };
}

/** Of the services that are counted, the one with the fewest requests: lock-step waits for the slowest. */
function fewestRequests({ snapshot }: GateInput): number | null {
  const counted = Object.values(snapshot.services ?? {}).map(({ candidate, problem }) =>
    problem === null ? (candidate?.requests ?? null) : null,
  );
  if (counted.length === 0 || counted.includes(null)) return null;
  return Math.min(...counted.filter((count) => count !== null));
}
