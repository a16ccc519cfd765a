import { z } from "zod";
import { releaseLane } from "./channel";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

/** Names of the ready schemas in `evidence/schemas/`. */
export const catalogueNames = [
  "backup",
  "capacity-baseline",
  "correlation",
  "coverage",
  "data-classification",
  "dependency-audit",
  "docs-check",
  "incident-drill",
  "load-probe",
  "rollback-drill",
  "sbom",
  "smoke-checklist",
  "soak",
  "stress",
] as const;
export type CatalogueName = (typeof catalogueNames)[number];

/** Those of them whose reports can be compared with an accepted one. */
export const comparableNames: readonly string[] = ["capacity-baseline", "dependency-audit", "soak"];

export function isCatalogueName(name: string): name is CatalogueName {
  return (catalogueNames as readonly string[]).includes(name);
}

const placeholders = ["version", "channel", "hash"];

const pattern = z
  .string()
  .min(1)
  .refine(
    (text) => [...text.matchAll(/{{(.*?)}}/g)].every(([, name]) => placeholders.includes(name?.trim() ?? "")),
    { error: `expected no other placeholders than ${placeholders.map((name) => `{{${name}}}`).join(", ")}` },
  )
  .refine((text) => !/(?<!{){\s*(version|channel|hash)\s*}/.test(text), {
    error: "expected two braces around a placeholder, as in {{version}}",
  });

const schema = z.string().refine((name) => isCatalogueName(name) || name.endsWith(".json"), {
  error: `expected a schema of the catalogue (${catalogueNames.join(", ")}) or a JSON Schema file such as evidence/my-report.json`,
});

/** Operators that need a number; of a list, its length counts. */
const orders = ["≤", "≥", "<", ">"] as const;

const condition = z
  .strictObject({
    pointer: z
      .string()
      .regex(/^(\/[^/]*)*$/, { error: "expected a JSON pointer such as /services/api/p95_ms" }),
    is: z.enum(["=", "≠", ...orders], { error: `expected one of = ≠ ${orders.join(" ")}` }),
    value: z.union([z.string(), z.number(), z.boolean()]),
  })
  .superRefine(({ is, value }, context) => {
    if (typeof value === "number" || !(orders as readonly string[]).includes(is)) return;
    context.addIssue({
      code: "custom",
      path: ["value"],
      message: `expected a number, because ${is} compares numbers`,
      input: value,
    });
  });
export type EvidenceCondition = z.infer<typeof condition>;

/** All that is set has to be so; a release with no predecessor counts as a major change. */
const applicability = z.strictObject({
  change: z
    .array(z.enum(["major", "minor", "patch"], { error: "expected major, minor or patch" }))
    .min(1, { error: "expected at least one, or to be left out" })
    .optional(),
  channels: z.array(dnsLabel()).min(1).optional(),
  lane: releaseLane.optional(),
  /** Only where the release brings migrations that its predecessor has not. */
  migrations: z.literal(true, { error: "expected true, or to be left out" }).optional(),
});

const noStep = { error: "expected start, finalize or a weight such as 30" };
const step = z.union([
  z.literal("start"),
  z.literal("finalize"),
  z.int(noStep).min(1, noStep).max(100, noStep),
]);

const evidenceKind = z
  .strictObject({
    /**
     * Files of this kind, relative to the project; `{{version}}`, `{{channel}}` and `{{hash}}` (sha256 of the
     * release) are replaced, `*` matches within a name.
     */
    pattern,
    /** A schema of the catalogue, or a JSON Schema file relative to the project. */
    schema,
    /** An accepted report of the same form, relative to the project and reviewed like code. */
    baseline: z.string().min(1).optional(),
    /** By the time in the report, at every step that needs it. */
    maxAge: durationSeconds.optional(),
    /** Needed from this step on: `start`, a weight, or `finalize`. */
    neededAt: step.default("start"),
    when: applicability.prefault({}),
    /** JSON pointer → what must stand there. */
    conditions: z.array(condition).default([]),
    /** Roles one of which must have signed it; unsigned counts where it is left out. */
    signedBy: z
      .array(dnsLabel(30))
      .min(1, { error: "expected at least one role, or to be left out" })
      .optional(),
  })
  .superRefine(({ schema, baseline }, context) => {
    if (baseline === undefined || comparableNames.includes(schema)) return;
    context.addIssue({
      code: "custom",
      path: ["baseline"],
      message: `expected no baseline: only ${comparableNames.join(", ")} are compared with one`,
      input: baseline,
    });
  });

/** `evidence.yaml`: what must be in before a release goes on. */
export const evidencePolicy = z.strictObject({
  /** Whether all reports of one candidate must carry the same release_candidate_id and correlation_id. */
  correlated: z.boolean().default(false),
  kinds: z.record(dnsLabel(40), evidenceKind),
});
export type EvidencePolicy = z.infer<typeof evidencePolicy>;
export type EvidenceKind = EvidencePolicy["kinds"][string];
