import type { Figure, Selectors, SloPolicy } from "../../config/schemas/slo";
import { objectName, type Release } from "../../rollout/release";
import { application } from "./application";
import { envoyGateway } from "./envoy-gateway";
import { istio } from "./istio";
import { traefik } from "./traefik";

/** What the figures of one service of one release are asked by. */
export interface Subject {
  namespace: string;
  /** The service's own name. */
  service: string;
  release: Release;
}

/** The policy's selectors, of one service of one release. */
export function selectorsOf(policy: SloPolicy, subject: Subject): Selectors {
  const { requests, errors, durationBuckets, bucketUnit } = templates(policy);
  return {
    requests: fill(requests, subject),
    errors: fill(errors, subject),
    durationBuckets: durationBuckets === undefined ? undefined : fill(durationBuckets, subject),
    bucketUnit,
  };
}

function templates({ source, application: metrics }: SloPolicy): Selectors {
  if (typeof source === "object") return source;
  if (source === "application") return application(metrics);
  return { traefik, "envoy-gateway": envoyGateway, istio }[source];
}

function fill(figure: Figure, { namespace, service, release }: Subject): Figure {
  const replace = (text: string) =>
    text
      .replaceAll("{{namespace}}", namespace)
      .replaceAll("{{service}}", objectName(service, release))
      .replaceAll("{{name}}", service)
      .replaceAll("{{release}}", release.id)
      .replaceAll("{{version}}", release.version);
  return typeof figure === "string" ? replace(figure) : { query: replace(figure.query) };
}
