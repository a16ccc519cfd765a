import { UserError } from "../config/load/problems";
import { loadRelease } from "../config/load/release";
import type { StackConfiguration } from "../config/load/stack";
import type { Desired } from "../rollout/propose";
import type { ChannelRecord } from "../rollout/record";
import { type Overlay, overlayHash, type Release, resolveRelease } from "../rollout/release";

/**
 * What the configuration asks for. Going back needs no file: the baseline is in the record, whole.
 * @throws {UserError} when the release file is missing or not valid, or a service of it has no place here.
 */
export function readDesired(
  { settings, channel }: StackConfiguration,
  record: ChannelRecord | null,
  projectDir: string,
): Desired {
  const overlay = overlayOf(channel.services);
  const { version, stage, attempt } = settings;
  const goesBack = record !== null && record.candidate !== null && record.baseline.version === version;
  const read = (): Release => {
    const file = loadRelease(projectDir, channel.releases, version);
    requirePlace(file.product, Object.keys(file.services), channel, version);
    return resolveRelease(file, overlay);
  };
  return {
    version,
    stage,
    attempt,
    overlayHash: overlayHash(overlay),
    release: goesBack ? orNull(read) : read(),
  };
}

function orNull(read: () => Release): Release | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

function overlayOf(services: StackConfiguration["channel"]["services"]): Overlay {
  return Object.fromEntries(
    Object.entries(services)
      .filter(([, { env }]) => Object.keys(env).length > 0)
      .map(([name, { env }]) => [name, env]),
  );
}

function requirePlace(
  product: string,
  services: string[],
  channel: StackConfiguration["channel"],
  version: string,
): void {
  if (product !== channel.product) {
    throw new UserError(
      `Release ${version} is of the product ${product}, and this channel ships ${channel.product} (key channel.product).`,
    );
  }
  const missing = services.filter((service) => channel.services[service] === undefined);
  if (missing.length > 0) {
    throw new UserError(
      `Release ${version} has services that this channel's configuration does not place: ${missing.join(", ")}. Add them under channel.services, with replicas and resources.`,
    );
  }
}
