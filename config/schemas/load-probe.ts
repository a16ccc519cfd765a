import { z } from "zod";
import { durationSeconds } from "./duration";

const count = z.int({ error: "expected a whole number" }).min(0);

/** What the probe met of one release. */
const probed = z
  .object({
    version: z.string().min(1),
    /** sha256 of the release file; with `releaseId`, one of both must be there. */
    hash: z.string().min(1).optional(),
    /** As in the header and the environment variable RELEASE_ID. */
    releaseId: z.string().min(1).optional(),
    services: z.record(
      z.string(),
      z
        .object({
          requests: count,
          errors: count,
          /** Upper bound in seconds → requests answered within it. */
          within: z
            .record(z.string().regex(/^\d+(\.\d+)?$/, { error: "expected seconds such as 0.3" }), count)
            .default({})
            .transform((within) =>
              Object.fromEntries(Object.entries(within).map(([bound, of]) => [String(Number(bound)), of])),
            ),
        })
        .refine(({ requests, errors }) => errors <= requests, {
          error: "expected no more errors than requests",
          path: ["errors"],
        }),
    ),
  })
  .refine(({ hash, releaseId }) => hash !== undefined || releaseId !== undefined, {
    error: "expected `hash` or `releaseId`: a version alone does not say what was probed",
  });
export type Probed = z.infer<typeof probed>;

/** A load-probe report; other fields of the tool that wrote it are left alone. */
export const loadProbeReport = z.object({
  producedAt: z.iso.datetime({ offset: true }),
  /** Shortens the policy's maximum age for this report. */
  maxAge: durationSeconds.optional(),
  candidate: probed,
  /** The release it was compared with, under the same load. */
  baseline: probed.optional(),
});
export type LoadProbeReport = z.infer<typeof loadProbeReport>;
