import { z } from "zod";
import { source } from "./source";

/** The newest file of one kind of evidence for the candidate, as it was found and checked. */
export const evidenceItem = z.object({
  kind: z.string(),
  /** Null where nothing matches the kind's pattern. */
  file: z.string().nullable(),
  sha256: z.string().nullable(),
  producedAt: z.iso.datetime().nullable(),
  /** Violations of the kind's schema and conditions, empty where it is as it should be. */
  problems: z.array(z.string()),
  signature: z.enum(["valid", "missing", "wrong", "not-required"]),
});
export type EvidenceItem = z.infer<typeof evidenceItem>;

export const evidenceSource = source({ items: z.array(evidenceItem) });
export type EvidenceSource = z.infer<typeof evidenceSource>;
