import type { ChannelSection } from "../../config/schemas/channel";
import type { Verdict } from "../../rollout/verdict";
import { isHotfix } from "./hotfix";
import { type GateInput, judged, raises } from "./input";
import type { PodsSource } from "./input/pods";

const gate = "observation";

/** The present weight was watched for long enough, or over enough candidate requests. */
export function observation(input: GateInput): Verdict {
  const { record, snapshot } = input;
  if (!raises(input) || record === null) {
    return { gate, status: "skipped", reason: "judges only what already has traffic" };
  }
  const version = judged(input).version;
  const { pods } = snapshot;
  if (pods.status === "unavailable") {
    return { gate, status: "hold", reason: `the pods of ${version} cannot be seen: ${pods.problem}` };
  }
  const wanted = enoughSeen(input, record.weight);
  const end = lastEnd(pods, record.since);
  if (end !== null) return sinceEnd(input, end, wanted.for);
  const seconds = secondsSince(record.since, snapshot);
  const requests = fewestRequests(input);
  const observed = [`${seconds} s`, ...(requests === null ? [] : [`${requests} requests`])].join(", ");
  const expected = [
    `${wanted.for} s`,
    ...(wanted.requests === undefined ? [] : [`${wanted.requests} requests`]),
  ].join(" or ");
  const figures = { observed, expected };
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

function secondsSince(moment: string, { takenAt }: GateInput["snapshot"]): number {
  return Math.max(0, Math.floor((Date.parse(takenAt) - Date.parse(moment)) / 1000));
}

interface End {
  service: string;
  at: string;
  how: string;
  restarts: number;
}

/** The last time since then that a container ended by itself. */
function lastEnd(pods: PodsSource, since: string): End | null {
  if (pods.status !== "known") return null;
  const ends = Object.entries(pods.services).flatMap(([service, { lastEnd: end }]) =>
    end === null || Date.parse(end.at) <= Date.parse(since) ? [] : [{ service, ...end }],
  );
  return ends.sort((left, right) => Date.parse(right.at) - Date.parse(left.at))[0] ?? null;
}

/** Who has crashed is watched anew, for the whole time: requests that went well before say nothing. */
function sinceEnd(input: GateInput, { service, at, how, restarts }: End, wantedSeconds: number): Verdict {
  const seconds = secondsSince(at, input.snapshot);
  const enough = seconds >= wantedSeconds;
  return {
    gate,
    status: enough ? "pass" : "hold",
    reason: `${judged(input).version} has been observed for ${seconds} s since a container of ${service} ended by itself (${how}; ${restarts} restarts)${enough ? "" : `; wanted are ${wantedSeconds} s`}`,
    observed: `${seconds} s`,
    expected: `${wantedSeconds} s`,
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
