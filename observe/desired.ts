import { UserError } from "../config/load/problems";
import { loadRelease } from "../config/load/release";
import type { StackConfiguration } from "../config/load/stack";
import type { Desired } from "../rollout/proposal";
import type { ChannelRecord } from "../rollout/record";
import { type Overlay, overlayHash, type Release, resolveRelease } from "../rollout/release";

/**
 * What the configuration asks for. The baseline needs no file: it is in the record, whole.
 * @throws {UserError} when the release file is missing or not valid, or a service of it has no place here.
 */
export function readDesired(
  { settings, channel }: StackConfiguration,
  record: ChannelRecord | null,
  projectDir: string,
): Desired {
  const overlay = overlayOf(channel.services);
  const { version, stage, attempt } = settings;
  const recorded = record !== null && needsNoFile(record, version, overlayHash(overlay));
  const read = () => readRelease(channel, version, projectDir);
  const release = recorded ? orNull(read) : read();
  // What is on its way back keeps what it has: its places may be gone from the configuration with its version.
  for (const needed of [record?.baseline, release]) {
    if (!needed) continue;
    requirePlaces(needed, channel);
    requireScalable(needed, channel);
  }
  return { version, stage, attempt, overlayHash: overlayHash(overlay), release };
}

/**
 * A release as its file and the channel's overlay have it now.
 * @throws {UserError} when the file is missing or not valid, or of another product.
 */
export function readRelease(
  channel: StackConfiguration["channel"],
  version: string,
  projectDir: string,
): Release {
  const file = loadRelease(projectDir, channel.releases, version);
  requireProduct(file, channel);
  return resolveRelease(file, overlayOf(channel.services));
}

/** Going back to the baseline, or staying with it, is possible from the record alone. */
function needsNoFile(record: ChannelRecord, version: string, overlay: string): boolean {
  const { baseline, candidate, setAsideOverlay } = record;
  if (version !== baseline.version) return false;
  return candidate !== null || overlay === baseline.overlayHash || overlay === setAsideOverlay;
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

function requireProduct(
  { product, version }: { product: string; version: string },
  channel: StackConfiguration["channel"],
): void {
  if (product === channel.product) return;
  throw new UserError(
    `Release ${version} is of the product ${product}, and this channel ships ${channel.product} (key channel.product).`,
  );
}

/** Also the release that is to be replaced needs its capacity, until it is gone. */
function requirePlaces({ version, services }: Release, channel: StackConfiguration["channel"]): void {
  const missing = Object.keys(services).filter((service) => channel.services[service] === undefined);
  if (missing.length === 0) return;
  throw new UserError(
    `Release ${version} has services that this channel's configuration does not place: ${missing.join(", ")}. Add them under channel.services, with replicas and resources, and keep them there as long as the release is live.`,
  );
}

function requireScalable({ version, services }: Release, channel: StackConfiguration["channel"]): void {
  const unscalable = Object.entries(services)
    .filter(([name, { http }]) => http === undefined && channel.services[name]?.autoscaling !== undefined)
    .map(([name]) => name);
  if (unscalable.length === 0) return;
  throw new UserError(
    `Release ${version} has services without HTTP, whose share is made by their pods, so none of them can be autoscaled: ${unscalable.join(", ")} (key channel.services.<name>.autoscaling). Give them \`replicas\`.`,
  );
}
