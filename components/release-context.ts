import type * as k8s from "@pulumi/kubernetes";
import type { ServiceSpec } from "../config/schemas/release";
import { correlationAnnotation, labelKeys, channelLabels as labelsOf, managedBy } from "../rollout/labels";
import type { Release } from "../rollout/release";

/** Where a channel's objects live; the same for all components of one channel. */
export interface ChannelContext {
  /** The channel's name, which is the stack's. */
  channel: string;
  product: string;
  namespace: string;
  provider: k8s.Provider;
}

/** Labels of everything that belongs to a channel. */
export function channelLabels({ channel, product }: ChannelContext): Record<string, string> {
  return labelsOf(product, channel);
}

/** Labels of everything that belongs to one service of one release. */
export function releaseLabels(
  context: ChannelContext,
  service: string,
  release: Pick<Release, "id" | "version">,
): Record<string, string> {
  return {
    ...channelLabels(context),
    [labelKeys.name]: service,
    [labelKeys.version]: release.version.replaceAll("+", "_"),
    [labelKeys.release]: release.id,
  };
}

/**
 * Annotations of everything that is written: by the correlation id all of one rollout is found, and under one name an
 * update that repeats a killed one finds its fields its own.
 */
export function ownAnnotations(correlation: string | undefined): Record<string, string> {
  return {
    "pulumi.com/patchFieldManager": managedBy,
    ...(correlation === undefined ? {} : { [correlationAnnotation]: correlation }),
  };
}

/** The port of a Service that requests are sent to; gateways speak HTTP/2 with it where it is told so. */
export function routedPort({ port, protocol }: NonNullable<ServiceSpec["http"]>) {
  return {
    name: "http",
    port: 80,
    targetPort: port,
    protocol: "TCP",
    ...(protocol === "grpc" ? { appProtocol: "kubernetes.io/h2c" } : {}),
  };
}

/** Nobody waits for it: readiness is seen at the data plane, or is of no concern. */
export const withoutAwait = { "pulumi.com/skipAwait": "true" };

/** Deleted at once: nothing below it needs an orderly end, and a busy garbage collector holds nothing up. */
export const deletedAtOnce = { "pulumi.com/deletionPropagationPolicy": "background" };
