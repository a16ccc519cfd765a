import { resolve } from "node:path";
import type { z } from "zod";
import { type AccessPolicy, accessPolicy } from "../schemas/access";
import type { ChannelSection } from "../schemas/channel";
import { type CompatMatrix, compatMatrix } from "../schemas/compat";
import { type EvidencePolicy, evidencePolicy } from "../schemas/evidence";
import { type SloPolicy, sloPolicyFor } from "../schemas/slo";
import { check, readYaml } from "./yaml";

/**
 * The policy files of a channel, each read when it is first asked for: a broken one must not hold up a rollback.
 * Null where the channel names no such file.
 */
export interface Policies {
  /** @throws {UserError} when the file is missing or not valid; so do the others. */
  slo(): SloPolicy;
  compat(): CompatMatrix | null;
  evidence(): EvidencePolicy | null;
  access(): AccessPolicy | null;
}

export function loadPolicies(projectDir: string, channel: ChannelSection): Policies {
  const read = <Schema extends z.ZodType>(schema: Schema, file: string, whatFor: string) =>
    readPolicy(projectDir, schema, file, whatFor);
  const optional = <Schema extends z.ZodType>(schema: Schema, file: string | undefined, whatFor: string) =>
    once(() => (file === undefined ? null : read(schema, file, whatFor)));
  return {
    slo: once(() =>
      read(sloPolicyFor(channel), channel.slo, "it holds the service level objectives (key channel.slo)"),
    ),
    compat: optional(compatMatrix, channel.compat, "it holds the compatibility matrix (key channel.compat)"),
    evidence: optional(
      evidencePolicy,
      channel.evidence,
      "it says which evidence is needed (key channel.evidence)",
    ),
    access: optional(accessPolicy, channel.access, "it says who is who (key channel.access)"),
  };
}

/** @throws {UserError} when the file is missing or not valid */
export function readAccess(projectDir: string, file: string): AccessPolicy {
  return readPolicy(projectDir, accessPolicy, file, "it says who is who (--access)");
}

function readPolicy<Schema extends z.ZodType>(
  projectDir: string,
  schema: Schema,
  file: string,
  whatFor: string,
): z.output<Schema> {
  const source = readYaml(resolve(projectDir, file), file, whatFor);
  return check(schema, source.value, source);
}

function once<Value>(read: () => Value): () => Value {
  let value: { read: Value } | undefined;
  return () => {
    value ??= { read: read() };
    return value.read;
  };
}
