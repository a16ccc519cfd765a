import type { V1ConfigMap } from "@kubernetes/client-node";
import { labelKeys } from "../../rollout/labels";

/** Key of the ConfigMap under which the envelope stands. */
export const envelopeKey = "envelope";

/** Null where a ConfigMap is no evidence. */
export function storedEvidence({ metadata, data }: V1ConfigMap): { sequence: number; text: string } | null {
  const label = metadata?.labels?.[labelKeys.sequence];
  const [, named] = /-evidence-([1-9]\d*)$/.exec(metadata?.name ?? "") ?? [];
  if (label === undefined || named === undefined) return null;
  return { sequence: Number(named), text: data?.[envelopeKey] ?? "" };
}
