import { z } from "zod";

/** The stack output `channel`: where a channel stands, as the program publishes it. */
export const channelStatus = z.object({
  state: z.enum(["steady", "rolling", "completed", "rolled-back"]),
  baseline: z.string().nullable(),
  candidate: z.string().nullable(),
  weight: z.number(),
  transition: z.object({ id: z.string(), kind: z.string(), at: z.string() }),
});

export type ChannelStatus = z.infer<typeof channelStatus>;

/** `null` before the first transition. */
export function parseOutputs(json: string): ChannelStatus | null {
  return z.object({ channel: channelStatus.nullish() }).parse(JSON.parse(json)).channel ?? null;
}
