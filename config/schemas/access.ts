import { z } from "zod";
import { role } from "./governance";

/** base64 of the 32 bytes of an ed25519 public key. */
const publicKey = z.base64().refine((text) => Buffer.from(text, "base64").length === 32, {
  error: "expected the base64 of an ed25519 public key (32 bytes)",
});

/** Somebody who can be recognised: by a key, by a CI token, or by what the cluster says of the kubeconfig's user. */
const identity = z
  .strictObject({
    name: z.string().min(1),
    roles: z.array(role).default([]),
    keys: z.array(z.strictObject({ id: z.string().min(1), ed25519: publicKey })).default([]),
    token: z
      .strictObject({
        issuer: z.url(),
        audience: z.string().min(1),
        subject: z.string().min(1),
        /** JSON Web Key Set on disk, relative to the project; else it is fetched from the issuer. */
        keySet: z.string().min(1).optional(),
      })
      .optional(),
    cluster: z.strictObject({ username: z.string().min(1) }).optional(),
  })
  .refine(({ keys, token, cluster }) => keys.length > 0 || token !== undefined || cluster !== undefined, {
    error: "expected `keys`, `token` or `cluster`: something this identity can be recognised by",
  });

/** `access.yaml`: who is who. */
export const accessPolicy = z.strictObject({ identities: z.array(identity).default([]) });
export type AccessPolicy = z.infer<typeof accessPolicy>;
