import { z } from "zod";
import { dataSpec } from "../../../config/schemas/release";
import { source } from "./source";

/** One case of the matrix as it was really run. */
export const compatResult = z.object({
  id: z.string(),
  /** `N-1→N`, `N→N`, `N→N+1` or `N+1→N`. */
  direction: z.string(),
  /** Image digest that read the fixture. */
  image: z.string(),
  fixtureSha256: z.string(),
  expectReadable: z.boolean(),
  readable: z.boolean(),
  expectedFailedChecks: z.array(z.string()),
  failedChecks: z.array(z.string()),
});

/** The newest report of the compatibility runner for the candidate. */
export const compatSource = source({
  report: z.object({
    file: z.string(),
    sha256: z.string(),
    generatedAt: z.iso.datetime(),
    /** Versions and release hashes it was made for. */
    candidate: z.object({ version: z.string(), hash: z.string() }),
    baseline: z.object({ version: z.string(), hash: z.string() }).nullable(),
    results: z.array(compatResult),
  }),
});
export type CompatSource = z.infer<typeof compatSource>;

/** Releases of other channels that are live on the same data store. */
export const sharingSource = source({
  releases: z.array(
    z.object({ channel: z.string(), version: z.string(), hash: z.string(), data: dataSpec.optional() }),
  ),
});
export type SharingSource = z.infer<typeof sharingSource>;

/** The release file of the candidate as it is on disk now. */
export const artifactSource = source({ hash: z.string() });
export type ArtifactSource = z.infer<typeof artifactSource>;
