import { z } from "zod";
import { thousandths } from "./quantity";

const noQuantity = { error: "expected an amount such as 100m, 2 or 128Mi" };

const quantities = z.record(
  z.string(),
  z
    .union([z.string(), z.number()], noQuantity)
    .transform(String)
    .refine((text) => thousandths(text) !== null, noQuantity),
);

export const resources = z
  .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
  .prefault({ requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } });

/** A key of a Secret in the channel's namespace; the value never passes through Pulumi. */
export const secretReference = z.strictObject({ name: z.string().min(1), key: z.string().min(1) });

/** Environment variable → where its value is. */
export const secretReferences = z.record(z.string(), secretReference).default({});
