import { z } from "zod";

const secondsPerUnit = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** `30s`, `5m`, `24h`, `7d` → seconds. */
export const durationSeconds = z
  .string({ error: "expected a duration such as 30s, 5m, 24h or 7d" })
  .regex(/^\d+(s|m|h|d)$/, { error: "expected a duration such as 30s, 5m, 24h or 7d" })
  .transform((text) => {
    const unit = text.slice(-1) as keyof typeof secondsPerUnit;
    return Number(text.slice(0, -1)) * secondsPerUnit[unit];
  });
