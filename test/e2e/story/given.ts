import type { TestChannel } from "./channel";
import * as verify from "./verify";
import * as when from "./when";
import type { World } from "./world";

/** A channel where nothing was ever installed. */
export function emptyChannel(world: World, role = "canary"): Promise<TestChannel> {
  return world.channel(role);
}

/** A channel that runs `version` under constant load. */
export async function channelRunning(
  world: World,
  version: string,
  role = "canary",
  ...load: Parameters<TestChannel["startLoad"]>
): Promise<TestChannel> {
  const channel = await emptyChannel(world, role);
  when.versionIsSet(channel, version);
  verify.moved(await when.up(channel), "install");
  await channel.startLoad(...load);
  return channel;
}

/** A channel under load where `candidate` has the first share of the traffic. */
export async function rolloutBegun(world: World, baseline: string, candidate: string): Promise<TestChannel> {
  const channel = await channelRunning(world, baseline);
  when.versionIsSet(channel, candidate);
  verify.moved(await when.up(channel), "start", 10);
  return channel;
}

/** A channel under load where `candidate` has this share of the traffic, and the baseline is kept ready. */
export async function rolloutAt(
  world: World,
  baseline: string,
  candidate: string,
  weight: number,
): Promise<TestChannel> {
  const channel = await rolloutBegun(world, baseline, candidate);
  await when.rolloutReaches(channel, weight);
  return channel;
}
