import { z } from "zod";
import type { ChannelSection } from "../../../config/schemas/channel";
import type { SloPolicy } from "../../../config/schemas/slo";
import { channelRecord } from "../../../rollout/record";
import { incidentSource, serviceObservation } from "./metrics";
import { source } from "./source";

/** How another channel does with the judged release, and what it says itself of how it should. */
const channelHealth = source({
  slo: z.custom<SloPolicy>(),
  /** Counts since it completed the release; null where it has no metrics source. */
  services: z.record(z.string(), serviceObservation).nullable(),
  incidentPolicy: z.custom<ChannelSection["incidents"]>(),
  incidents: incidentSource,
});
export type ChannelHealth = z.infer<typeof channelHealth>;

/** What is known of the channel that versions are promoted from. */
export const promotionSource = source({
  record: channelRecord.nullable(),
  /** Not looked at where it has not completed the release. */
  health: channelHealth,
});
export type PromotionSource = z.infer<typeof promotionSource>;
