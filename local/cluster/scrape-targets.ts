import type { V1Pod } from "@kubernetes/client-node";

/** An entry of Prometheus' file discovery. */
export interface ScrapeTarget {
  targets: [address: string];
  labels: Record<string, string>;
}

/**
 * A pod asks to be scraped by annotation: `prometheus.io/scrape: "true"` with `prometheus.io/port`, and optionally
 * `prometheus.io/path`. Its series get the labels namespace, pod, service, version, channel and release.
 */
export function scrapeTargets(pod: V1Pod): ScrapeTarget[] {
  const { annotations = {}, labels = {}, name = "", namespace = "" } = pod.metadata ?? {};
  const { podIP, phase } = pod.status ?? {};
  const port = annotations["prometheus.io/port"];
  if (annotations["prometheus.io/scrape"] !== "true" || port === undefined) return [];
  if (podIP === undefined || phase !== "Running") return [];
  const copied = {
    service: labels["app.kubernetes.io/name"],
    version: labels["app.kubernetes.io/version"],
    channel: labels["release-channels.dev/channel"],
    release: labels["release-channels.dev/release"],
  };
  return [
    {
      targets: [`${podIP}:${port}`],
      labels: {
        __metrics_path__: annotations["prometheus.io/path"] ?? "/metrics",
        namespace,
        pod: name,
        ...Object.fromEntries(
          Object.entries(copied).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
        ),
      },
    },
  ];
}
