import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { z } from "zod";
import { migrationSpec, reconciliationSpec } from "../config/schemas/migration";
import { dataSpec, type ReleaseFile, releaseFile, serviceSpec } from "../config/schemas/release";

/** Environment overlay of a channel: service → variable → value. */
export type Overlay = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a file says as `5m` is kept in seconds, and read back as that. */
const seconds = z.number().optional();

export const resolvedMigration = z.object({ ...migrationSpec.shape, deadline: seconds });

/** A release resolved for one channel: everything that shapes its behaviour, so that going back needs no file. */
export const release = z.object({
  /** `<slug of version>-<8 hex>`: differs whenever release file or overlay differ. */
  id: z.string(),
  version: z.string(),
  /** sha256 of the canonical release file: the same in every channel. */
  hash: z.string(),
  /** sha256 of the canonical overlay it was snapshotted with. */
  overlayHash: z.string(),
  /** Environments already hold the overlay. */
  services: z.record(z.string(), serviceSpec),
  migrations: z.array(resolvedMigration),
  data: dataSpec.optional(),
  plugins: releaseFile.shape.plugins,
  peers: releaseFile.shape.peers,
  reconciliation: z.object({ ...reconciliationSpec.shape, deadline: seconds }).optional(),
  ledger: releaseFile.shape.ledger,
});

export type Release = z.infer<typeof release>;

const versionSlugLength = 20;

export function sha256(value: unknown): string {
  return createHash("sha256")
    .update(canonicalize(value) ?? "null")
    .digest("hex");
}

export function overlayHash(overlay: Overlay): string {
  return sha256(overlay);
}

/** Snapshots a release file with the channel's overlay. */
export function resolveRelease(file: ReleaseFile, overlay: Overlay): Release {
  const slug = file.version
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, versionSlugLength)
    .replace(/-+$/, "");
  const services = Object.fromEntries(
    Object.entries(file.services).map(([name, service]) => [
      name,
      { ...service, env: { ...service.env, ...overlay[name] } },
    ]),
  );
  return {
    id: `${slug}-${sha256({ file, overlay }).slice(0, 8)}`,
    version: file.version,
    hash: sha256(file),
    overlayHash: overlayHash(overlay),
    services,
    migrations: file.migrations,
    ...(file.data === undefined ? {} : { data: file.data }),
    ...(file.plugins === undefined ? {} : { plugins: file.plugins }),
    ...(file.peers === undefined ? {} : { peers: file.peers }),
    ...(file.reconciliation === undefined ? {} : { reconciliation: file.reconciliation }),
    ...(file.ledger === undefined ? {} : { ledger: file.ledger }),
  };
}

const nameLength = 63;

/**
 * Name of the objects of one service of one release; the release's id stays whole, because it is what tells
 * releases apart.
 */
export function objectName(service: string, release: Pick<Release, "id">): string {
  const room = nameLength - release.id.length - 1;
  return `${service.slice(0, room).replace(/-+$/, "")}-${release.id}`;
}

/** Whether a service of this release speaks gRPC. */
export function speaksGrpc({ services }: Pick<Release, "services">, service: string): boolean {
  return services[service]?.http?.protocol === "grpc";
}

/** Services that are moved by weights. */
export function httpServices(release: Release): string[] {
  return Object.keys(release.services).filter((name) => release.services[name]?.http !== undefined);
}
