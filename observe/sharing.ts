import { bringsIn } from "../policies/gates/findings";
import type { SharingSource } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import { interrupted, type Position } from "../rollout/record";
import type { Release } from "../rollout/release";
import type { JudgedTransition, SnapshotSources } from "./snapshot";
import type { Memory } from "./state";

/** Releases of other channels that are live on the same data store, as their stacks remember them. */
export async function observeSharing(
  transition: JudgedTransition,
  { channel, channelName, readMemory }: SnapshotSources,
): Promise<SharingSource> {
  const others = channel.sharesDataWith.filter((name) => name !== channelName);
  if (others.length === 0 || !bringsIn(transition)) return notConfigured;
  const answers = await Promise.allSettled(others.map((name) => readMemory(name)));
  const problems = answers.flatMap((answer, index) =>
    answer.status === "rejected" ? [`${others[index]}: ${(answer.reason as Error).message}`] : [],
  );
  if (problems.length > 0) return { status: "unavailable", problem: problems.join("; ") };
  const channels = answers.flatMap((answer, index) =>
    answer.status === "fulfilled" ? [[others[index], liveReleases(answer.value)]] : [],
  );
  return { status: "known", channels: Object.fromEntries(channels) };
}

/** Also what an update that did not get to its end may have brought up. */
function liveReleases({ record, intent }: Memory) {
  const positions: (Position | null)[] = [
    record,
    interrupted(record, intent) ? (intent?.target ?? null) : null,
  ];
  const releases = positions
    .flatMap((position) => [position?.baseline, position?.candidate])
    .filter((release): release is Release => release !== null && release !== undefined);
  const byId = new Map(releases.map((release) => [release.id, release]));
  return [...byId.values()].map(({ version, hash, data }) => ({ version, hash, data }));
}
