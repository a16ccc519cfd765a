import { z } from "zod";

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, { error: "expected a sha256 in hex" });
const time = z.iso.datetime();

/** A restore as the record keeps it. */
export const restoreRef = z.object({
  /** The backup's file. */
  backup: z.string().min(1),
  sha256: sha256Hex,
  at: time,
});
export type RestoreRef = z.infer<typeof restoreRef>;

/** What `npm run restore` tells a channel: its data were restored, and what their ledger says since. */
export const restoredData = z.strictObject({
  schema: z.literal(1),
  backup: z.string().min(1),
  sha256: sha256Hex,
  restoredAt: time,
  /** Of the channel's product; null where the database has no ledger, or nobody could say. */
  ledger: z
    .strictObject({
      applied: z.array(z.strictObject({ id: z.string(), checksum: z.string() })),
      /** Ids of those that were run here at some time, and are not applied in the restored data. */
      notApplied: z.array(z.string()),
    })
    .nullable(),
});
export type RestoredData = z.infer<typeof restoredData>;

/** The same as the cluster shows it, or why it cannot be read. */
export const restoreObservation = z.union([restoredData, z.strictObject({ problem: z.string() })]);
export type RestoreObservation = z.infer<typeof restoreObservation>;
