/** Labels by which the program knows its own objects, and people find them. */
export const labelKeys = {
  managedBy: "app.kubernetes.io/managed-by",
  partOf: "app.kubernetes.io/part-of",
  name: "app.kubernetes.io/name",
  version: "app.kubernetes.io/version",
  channel: "release-channels.dev/channel",
  release: "release-channels.dev/release",
  /** Of Jobs: what it is one of, tries counted apart. */
  run: "release-channels.dev/run",
  /** Of Jobs: the phase of its migration, or what else it is for. */
  phase: "release-channels.dev/phase",
  /** Of evidence: its place in the channel's chain, from 1 on. */
  sequence: "release-channels.dev/evidence-sequence",
} as const;

export const managedBy = "release-channels";

/** Labels of everything that belongs to a channel. */
export function channelLabels(product: string, channel: string): Record<string, string> {
  return {
    [labelKeys.managedBy]: managedBy,
    [labelKeys.partOf]: product,
    [labelKeys.channel]: channel,
  };
}

/** Whether an object with these labels is this channel's. */
export function isOwn(labels: Readonly<Record<string, string>> | undefined, channel: string): boolean {
  return labels?.[labelKeys.managedBy] === managedBy && labels[labelKeys.channel] === channel;
}

/** Finds everything that belongs to a channel. */
export function channelSelector(product: string, channel: string): string {
  return Object.entries(channelLabels(product, channel))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** Annotation: the transition that wrote an object, so that each transition writes it anew. */
export const transitionAnnotation = "release-channels.dev/transition";

/** Annotation of Jobs: which try of its run, from 1 on. */
export const tryAnnotation = "release-channels.dev/try";

/** Annotation: the transition that brought in the release an object belongs to, or the release being rolled out. */
export const correlationAnnotation = "release-channels.dev/correlation-id";

export function routeName(product: string, channel: string, service: string): string {
  return `${product}-${channel}-${service}`;
}

export function mirrorName(product: string, channel: string): string {
  return `${product}-${channel}-record`;
}

/** ConfigMap that holds the evidence of one transition. */
export function evidenceName(product: string, channel: string, sequence: number): string {
  return `${product}-${channel}-evidence-${sequence}`;
}

/** ConfigMap by which a channel is told that its data were restored. */
export function restoredName(product: string, channel: string): string {
  return `${product}-${channel}-restored`;
}
