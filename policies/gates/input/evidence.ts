import { z } from "zod";
import { source } from "./source";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The newest file of one kind of evidence for the judged release, as it was found and checked. */
export const evidenceItem = z.object({
  kind: z.string(),
  /** Relative to the project; null where no file of this release matches the kind's pattern. */
  file: z.string().nullable(),
  /** Null where there is no file, or it cannot be read. */
  sha256: sha256.nullable(),
  /** Of the accepted report that it was compared with. */
  baselineSha256: sha256.nullable(),
  /** As the report says; never the file's time. */
  producedAt: z.iso.datetime().nullable(),
  releaseCandidateId: z.string().nullable(),
  correlationId: z.string().nullable(),
  /** What is wrong with its content: form, schema, checks and conditions; empty where it is as it should be. */
  problems: z.array(z.string()),
  signature: z.enum(["valid", "missing", "wrong", "not-required"]),
  /** Why a wrong signature is wrong. */
  signatureProblem: z.string().nullable(),
  /** Where there is no file: one that matches and is of another release, and what it says to be of. */
  passedOver: z.object({ file: z.string(), of: z.string() }).optional(),
});
export type EvidenceItem = z.infer<typeof evidenceItem>;

/** One item for every kind that applies to the release, whether or not it is needed yet. */
export const evidenceSource = source({ items: z.array(evidenceItem) });
export type EvidenceSource = z.infer<typeof evidenceSource>;

/** What the evidence of the transition will be signed with. */
export const evidenceKeySource = source({
  /** RFC 7638 thumbprint; null where nobody signs. */
  keyId: z.string().nullable(),
  /** Why it would not be believed; null where it would. */
  problem: z.string().nullable(),
});
export type EvidenceKeySource = z.infer<typeof evidenceKeySource>;
