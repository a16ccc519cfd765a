import { existsSync } from "node:fs";
import { join } from "node:path";
import { contracts } from "../policies/gates/change";
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
  {
    channel,
    channelName,
    projectDir,
    readMemory,
  }: Pick<SnapshotSources, "channel" | "channelName" | "projectDir" | "readMemory">,
): Promise<SharingSource> {
  const others = channel.sharesDataWith.filter((name) => name !== channelName);
  if (others.length === 0 || !(bringsIn(transition) || contracts(transition))) return notConfigured;
  const answers = await Promise.allSettled(others.map((name) => readMemory(name)));
  const problems = answers.flatMap((answer, index) => {
    const name = others[index] ?? "";
    if (answer.status === "rejected") return [`${name}: ${(answer.reason as Error).message}`];
    return isUnheardOf(name, answer.value, projectDir)
      ? [`${name}: there is neither such a stack nor a file Pulumi.${name}.yaml (key channel.sharesDataWith)`]
      : [];
  });
  if (problems.length > 0) return { status: "unavailable", problem: problems.join("; ") };
  const channels = answers.flatMap((answer, index) =>
    answer.status === "fulfilled" ? [[others[index], liveReleases(answer.value)]] : [],
  );
  return { status: "known", channels: Object.fromEntries(channels) };
}

/** A channel in which nothing is live yet has a file at least; without one it is a slip of the pen. */
function isUnheardOf(name: string, { record, intent }: Memory, projectDir: string): boolean {
  return record === null && intent === null && !existsSync(join(projectDir, `Pulumi.${name}.yaml`));
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
