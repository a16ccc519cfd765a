import { valid, validRange } from "semver";
import { z } from "zod";

/** A DNS label, as Kubernetes wants names to be; `max` leaves room for what is added to it. */
export const dnsLabel = (max = 63) =>
  z
    .string()
    .max(max)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
      error: "expected lower-case letters, digits and '-', beginning and ending with a letter or digit",
    });

const noVersion = { error: "expected a semantic version such as 1.2.3" };

/** A full semantic version without a leading `v`. */
export const semanticVersion = z.string(noVersion).refine((text) => valid(text) === text, noVersion);

export const versionRange = z
  .string()
  .min(1)
  .refine((text) => validRange(text) !== null, { error: "expected a range of versions such as ^2.1.0" });

export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "expected an environment variable's name" }),
  z.string(),
);

export const hostname = z
  .string()
  .regex(/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, { error: "expected a host name" });

export const webAddress = z.url({
  protocol: /^https?$/,
  error: "expected an address such as http://127.0.0.1:9090",
});

export const port = z.int().min(1).max(65535);

export const absolutePath = z.string().regex(/^\/\S*$/, { error: "expected a path that begins with '/'" });

/** Only a digest says which bytes run; a tag may move after the gates have judged it. */
export const imageByDigest = z.string().regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/, {
  error: "expected an image by digest, as in registry/name@sha256:<64 hexadecimal digits>",
});
