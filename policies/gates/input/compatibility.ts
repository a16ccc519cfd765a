import { z } from "zod";
import { directions } from "../../../config/schemas/compat";
import { dataSpec } from "../../../config/schemas/release";
import { source } from "./source";

/** One case of the matrix as it was really run. */
export const compatResult = z.object({
  id: z.string(),
  direction: z.enum(directions),
  service: z.string(),
  command: z.array(z.string()),
  /** Image that read the fixture, by digest. */
  image: z.string(),
  /** Relative to the matrix. */
  fixture: z.string(),
  fixtureSha256: z.string(),
  expectReadable: z.boolean(),
  expectedFailedChecks: z.array(z.string()),
  readable: z.boolean(),
  failedChecks: z.array(z.string()),
  /** Why there is no answer; null where the reader gave one. */
  problem: z.string().nullable(),
});
export type CompatResult = z.infer<typeof compatResult>;

const releaseIdentity = z.object({ version: z.string(), hash: z.string() });

/** What the runner of the matrix found out about two releases. */
export const compatReport = z.object({
  schema: z.literal(1),
  generatedAt: z.iso.datetime(),
  mode: z.enum(["kubernetes", "local"]),
  /** Versions and release hashes it was made for. */
  candidate: releaseIdentity,
  baseline: releaseIdentity.nullable(),
  results: z
    .array(compatResult)
    .refine((results) => new Set(results.map(({ id }) => id)).size === results.length, {
      error: "expected one result of each case",
    }),
});
export type CompatReport = z.infer<typeof compatReport>;

/** The report of the candidate, and the fixtures as they are on disk now. */
export const compatSource = source({
  file: z.string(),
  sha256: z.string(),
  report: compatReport,
  /** Path relative to the matrix → sha256; without those that cannot be read. */
  fixtures: z.record(z.string(), z.string()),
});
export type CompatSource = z.infer<typeof compatSource>;

/** Channel → releases live there, on the same data store as ours. */
export const sharingSource = source({
  channels: z.record(z.string(), z.array(releaseIdentity.extend({ data: dataSpec.optional() }))),
});
export type SharingSource = z.infer<typeof sharingSource>;

/** The release file of the candidate as it is on disk now. */
export const artifactSource = source({ hash: z.string() });
export type ArtifactSource = z.infer<typeof artifactSource>;
