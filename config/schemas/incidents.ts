import { z } from "zod";
import { dnsLabel } from "./names";

const time = z.iso.datetime({ offset: true, error: "expected a time such as 2026-03-01T18:04:00Z" });

/** The incident file: what the people on call write down, or their tool exports. */
export const incidentFile = z.strictObject({
  incidents: z.array(
    z
      .strictObject({
        id: z.string().min(1),
        severity: z.string().min(1),
        title: z.string().min(1),
        openedAt: time,
        /** Open until this is there. */
        resolvedAt: time.optional(),
        /** Channels it concerns; all of them where it is left out. */
        channels: z.array(dnsLabel()).min(1).optional(),
      })
      .refine(
        ({ openedAt, resolvedAt }) =>
          resolvedAt === undefined || Date.parse(openedAt) <= Date.parse(resolvedAt),
        { error: "expected `resolvedAt` after `openedAt`", path: ["resolvedAt"] },
      ),
  ),
});
export type IncidentFile = z.infer<typeof incidentFile>;
