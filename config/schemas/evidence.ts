import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

const evidenceKind = z.strictObject({
  /** Files of this kind, relative to the project; `{{version}}` and `{{channel}}` are replaced, `*` matches within a name. */
  pattern: z.string().min(1),
  /** A schema of the catalogue, or a JSON Schema file relative to the project. */
  schema: z.string().min(1),
  maxAge: durationSeconds.optional(),
  /** Needed to enter this stage: `start`, `finalize` or a weight. */
  neededAt: z.union([z.literal("start"), z.literal("finalize"), z.int().min(1).max(100)]).default("start"),
  /** JSON pointer → what must stand there. */
  conditions: z
    .array(
      z.strictObject({
        pointer: z
          .string()
          .regex(/^(\/[^/]*)*$/, { error: "expected a JSON pointer such as /summary/failed" }),
        is: z.enum(["=", "≠", "≤", "≥", "<", ">"]),
        value: z.union([z.string(), z.number(), z.boolean()]),
      }),
    )
    .default([]),
  /** Roles one of which must have signed it; unsigned counts where it is left out. */
  signedBy: z.array(dnsLabel(30)).min(1).optional(),
});

/** `evidence.yaml`: what must be in before a release goes on. */
export const evidencePolicy = z.strictObject({
  /** Whether all reports of one candidate must carry the same release_candidate_id and correlation_id. */
  correlated: z.boolean().default(false),
  kinds: z.record(dnsLabel(40), evidenceKind),
});
export type EvidencePolicy = z.infer<typeof evidencePolicy>;
export type EvidenceKind = EvidencePolicy["kinds"][string];
