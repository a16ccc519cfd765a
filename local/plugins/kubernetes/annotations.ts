import { assign, at, type Bag, text } from "../protocol/values";

export const autonamed = "pulumi.com/autonamed";
export const skipAwait = "pulumi.com/skipAwait";
export const waitFor = "pulumi.com/waitFor";
export const timeoutSeconds = "pulumi.com/timeoutSeconds";
export const replaceUnready = "pulumi.com/replaceUnready";
export const patchForce = "pulumi.com/patchForce";
export const patchFieldManager = "pulumi.com/patchFieldManager";
export const deletionPropagationPolicy = "pulumi.com/deletionPropagationPolicy";

export function annotation(object: Bag, key: string): string {
  return text(object, "metadata", "annotations", key);
}

export function isTrue(object: Bag, key: string): boolean {
  return annotation(object, key) === "true";
}

/** Sets an annotation in place; left out where metadata or annotations are not known yet. */
export function annotate(object: Bag, key: string, value: string): void {
  const metadata = at(object, "metadata");
  if (typeof metadata === "string" || typeof at(metadata, "annotations") === "string") {
    return;
  }
  assign(object, ["metadata", "annotations", key], value);
}

/**
 * How long an operation may wait, in milliseconds: the resource's custom timeout (seconds), else the
 * annotation, else ten minutes.
 */
export function timeoutOf(customTimeoutSeconds: number, inputs: Bag): number {
  const annotated = annotation(inputs, timeoutSeconds);
  const seconds =
    customTimeoutSeconds !== 0
      ? Math.trunc(customTimeoutSeconds)
      : /^-?\d+$/.test(annotated)
        ? Number(annotated)
        : 600;
  return seconds * 1000;
}

export type DeletionPropagation = "Foreground" | "Background" | "Orphan";

export function propagationOf(inputs: Bag): DeletionPropagation {
  switch (annotation(inputs, deletionPropagationPolicy).toLowerCase()) {
    case "orphan":
      return "Orphan";
    case "background":
      return "Background";
    default:
      return "Foreground";
  }
}
