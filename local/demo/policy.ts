import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type ChannelSection, channelSection } from "../../config/schemas/channel";
import { sloPolicy } from "../../config/schemas/slo";
import { projectDir } from "../settings";

/** What a stack's file and its SLO policy say about how long a stage is watched. */
export interface WatchPolicy {
  channel: ChannelSection;
  /** Fewest candidate requests for the SLO gate to say anything. */
  minimumRequests: number;
}

export function readWatchPolicy(stack: string): WatchPolicy {
  const file = readYaml(`Pulumi.${stack}.yaml`) as { config: Record<string, unknown> };
  const channel = channelSection.parse(file.config["release-channels:channel"]);
  return { channel, minimumRequests: sloPolicy.parse(readYaml(channel.slo)).minimumRequests };
}

function readYaml(file: string): unknown {
  return parse(readFileSync(join(projectDir, file), "utf8"));
}
