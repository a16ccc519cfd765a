import { z } from "zod";

/** What a report says of itself; undefined where it does not. */
export interface ReportIdentity {
  version?: string;
  /** sha256 of the release. */
  hash?: string;
  /** ISO 8601 in UTC. */
  producedAt?: string;
  releaseCandidateId?: string;
  correlationId?: string;
}

const text = z.string().min(1).optional().catch(undefined);

const time = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value).toISOString())
  .optional()
  .catch(undefined);

const report = z.object({
  version: text,
  release_hash: text,
  produced_at: time,
  release_candidate_id: text,
  correlation_id: text,
});

const billOfMaterials = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z
    .object({
      timestamp: time,
      component: z.object({ version: text }).optional().catch(undefined),
      properties: z.array(z.object({ name: z.string(), value: z.string().optional() })).catch([]),
    })
    .catch({ properties: [] }),
});

/** CycloneDX has places of its own for what a report says of itself; its ids are properties of the metadata. */
export function identityOf(document: unknown): ReportIdentity {
  const bom = billOfMaterials.safeParse(document);
  if (bom.success) {
    const { timestamp, component, properties } = bom.data.metadata;
    const property = (name: string) =>
      properties.find((one) => one.name === `release-channels:${name}`)?.value || undefined;
    return {
      version: component?.version,
      hash: property("release_hash"),
      producedAt: timestamp,
      releaseCandidateId: property("release_candidate_id"),
      correlationId: property("correlation_id"),
    };
  }
  const plain = report.safeParse(document);
  if (!plain.success) return {};
  const { version, release_hash, produced_at, release_candidate_id, correlation_id } = plain.data;
  return {
    version,
    hash: release_hash,
    producedAt: produced_at,
    releaseCandidateId: release_candidate_id,
    correlationId: correlation_id,
  };
}

/** What every report has to say of itself, whatever its schema asks for. */
export function missingIdentity(document: unknown, identity: ReportIdentity): string[] {
  const places = billOfMaterials.safeParse(document).success ? placesInBom : placesInReport;
  const missing = (Object.keys(places) as (keyof typeof places)[]).filter(
    (name) => identity[name] === undefined,
  );
  return missing.map((name) => `does not say ${places[name]}`);
}

const placesInReport = {
  version: "which version it is about (version)",
  producedAt: "when it was made (produced_at, as in 2026-01-31T18:00:00Z)",
  releaseCandidateId: "which candidate it belongs to (release_candidate_id)",
  correlationId: "which rollout it belongs to (correlation_id)",
};

const placesInBom: typeof placesInReport = {
  version: "which version it is about (metadata.component.version)",
  producedAt: "when it was made (metadata.timestamp, as in 2026-01-31T18:00:00Z)",
  releaseCandidateId:
    "which candidate it belongs to (release-channels:release_candidate_id in metadata.properties)",
  correlationId: "which rollout it belongs to (release-channels:correlation_id in metadata.properties)",
};
