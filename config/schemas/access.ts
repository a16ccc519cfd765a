import { z } from "zod";
import { role } from "./governance";

/** base64 of the 32 bytes of an ed25519 public key. */
const noKey = {
  error: "expected the base64 of an ed25519 public key (32 bytes), as `npm run approve -- keygen` prints it",
  abort: true,
};
const publicKey = z.base64(noKey).refine((text) => Buffer.from(text, "base64").length === 32, noKey);

/** Whether nobody on the way can answer in its place: TLS, or this machine. */
function isPrivateWay(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || ["127.0.0.1", "localhost"].includes(hostname);
}

/** Somebody who can be recognised: by a key, by a CI token, or by what the cluster says of the kubeconfig's user. */
const identity = z
  .strictObject({
    name: z.string().min(1),
    roles: z.array(role).default([]),
    keys: z.array(z.strictObject({ id: z.string().min(1), ed25519: publicKey })).default([]),
    token: z
      .strictObject({
        /** Its keys are fetched from there: only over TLS, except on this machine. */
        issuer: z.url().refine(isPrivateWay, { error: "expected an https address" }),
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

type Identity = z.infer<typeof identity>;

/** What must lead to one person, or one person could count as two. */
const recognisedBy: { path: string; what: string; marks(identity: Identity): string[] }[] = [
  { path: "name", what: "name", marks: ({ name }) => [name] },
  { path: "keys", what: "key id", marks: ({ keys }) => keys.map(({ id }) => id) },
  { path: "keys", what: "key", marks: ({ keys }) => keys.map(({ ed25519 }) => ed25519) },
  {
    path: "token",
    what: "token",
    marks: ({ token }) => (token === undefined ? [] : [JSON.stringify([token.issuer, token.subject])]),
  },
  { path: "cluster", what: "cluster user", marks: ({ cluster }) => (cluster ? [cluster.username] : []) },
];

/** Keys that the evidence of transitions is believed by: several, so that one can follow another. */
const evidenceKeys = z.strictObject({
  /** Whether evidence has to be signed by one of them: then nothing goes on without a key. */
  required: z.boolean().default(false),
  keys: z
    .array(
      z
        .strictObject({
          ed25519: publicKey,
          from: z.iso.datetime().optional(),
          until: z.iso.datetime().optional(),
        })
        .refine(({ from, until }) => !from || !until || Date.parse(from) < Date.parse(until), {
          error: "expected `until` to be later than `from`",
          path: ["until"],
        }),
    )
    .min(1, { error: "expected at least one key, as `npm run audit -- key` prints it" })
    .refine((keys) => new Set(keys.map(({ ed25519 }) => ed25519)).size === keys.length, {
      error: "expected each key once",
    }),
});

/** `access.yaml`: who is who, and whose word evidence is. */
export const accessPolicy = z
  .strictObject({ identities: z.array(identity).default([]), evidence: evidenceKeys.optional() })
  .superRefine(({ identities }, context) => {
    for (const { path, what, marks } of recognisedBy) {
      const seen = new Set<string>();
      identities.forEach((identity, index) => {
        for (const mark of marks(identity)) {
          if (seen.has(mark)) {
            context.addIssue({
              code: "custom",
              path: ["identities", index, path],
              message: `expected a ${what} that no other entry has`,
              input: mark,
            });
          }
          seen.add(mark);
        }
      });
    }
  });
export type AccessPolicy = z.infer<typeof accessPolicy>;
