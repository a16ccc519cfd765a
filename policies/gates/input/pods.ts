import { z } from "zod";
import { source } from "./source";

/** Pods of the judged release, by service; of each service that has traffic there is an entry, also without pods. */
export const podsSource = source({
  services: z.record(
    z.string(),
    z.object({
      ready: z.int(),
      /** The last time that a container of a pod which is still there ended by itself; null where none did. */
      lastEnd: z.object({ at: z.iso.datetime(), how: z.string(), restarts: z.int() }).nullable(),
    }),
  ),
});
export type PodsSource = z.infer<typeof podsSource>;
export type ServicePods = Extract<PodsSource, { status: "known" }>["services"][string];
