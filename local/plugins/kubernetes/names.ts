import { createHash, randomBytes } from "node:crypto";
import type { CheckRequest } from "../protocol/plugin";
import { assign, at, type Bag, isUnknown } from "../protocol/values";
import { annotate, autonamed, isTrue } from "./annotations";
import { nameOf, nameOfUrn } from "./objects";

/** `prefix` and eight hexadecimal digits: of the seed, so that a plan's name is kept, else random. */
export function uniqueName(prefix: string, seed?: Uint8Array): string {
  const digits =
    seed === undefined || seed.length === 0
      ? randomBytes(4).toString("hex")
      : createHash("sha256").update(seed).digest("hex").slice(0, 8);
  return prefix + digits;
}

/** A name is given, even if it is not known yet. */
export function isNamed(object: Bag): boolean {
  return nameOf(object) !== "" || isUnknown(at(object, "metadata", "name"));
}

export function isAutonamed(object: Bag): boolean {
  return isTrue(object, autonamed);
}

export function isGenerateName(object: Bag): boolean {
  const prefix = at(object, "metadata", "generateName");
  return !isNamed(object) && prefix !== undefined && prefix !== null && prefix !== "";
}

/** Names an object that its author left unnamed, in place. */
export function assignName(object: Bag, { urn, randomSeed, autonaming }: CheckRequest): void {
  if (isNamed(object) || isGenerateName(object)) {
    return;
  }
  if (autonaming?.mode === "disable") {
    throw new Error("autonaming is disabled, resource requires the .metadata.name field to be set");
  }
  const name = autonaming?.proposedName || uniqueName(`${nameOfUrn(urn)}-`, randomSeed);
  assign(object, ["metadata", "name"], name);
  annotate(object, autonamed, "true");
}

/** Keeps the name that an unnamed object was given before, in place. */
export function adoptName(object: Bag, old: Bag): void {
  if (!isNamed(object) && isAutonamed(old)) {
    assign(object, ["metadata", "name"], nameOf(old));
    annotate(object, autonamed, "true");
  }
}
