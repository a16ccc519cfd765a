import type { ApplicationMetrics, Selectors } from "../../config/schemas/slo";

/**
 * The application's own counter and histogram, as client libraries name them (prometheus.io "Metric and label
 * naming": `http_requests_total`, `http_request_duration_seconds`). They do not see what never reached a pod.
 */
export function application({
  requests,
  durations,
  statusLabel,
  errorStatus,
  labels,
}: ApplicationMetrics): Selectors {
  const own = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const select = (metric: string, ...more: string[]) => `${metric}{${[...own, ...more].join(",")}}`;
  return {
    requests: select(requests),
    errors: select(requests, `${statusLabel}=~${JSON.stringify(errorStatus)}`),
    durationBuckets: select(`${durations}_bucket`),
    bucketUnit: "seconds",
  };
}
