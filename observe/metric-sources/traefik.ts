import type { Selectors } from "../../config/schemas/slo";

const backend = 'service="{{namespace}}-{{service}}-http-80@kubernetesgateway"';

/**
 * Traefik's own metrics of Gateway API backends: doc.traefik.io "Metrics", "Service metrics"; they need
 * `metrics.prometheus.addServicesLabels` (default true), and buckets where the objectives have theirs
 * (`metrics.prometheus.buckets`, default 0.1, 0.3, 1.2, 5 s).
 */
export const traefik: Selectors = {
  requests: `traefik_service_requests_total{${backend}}`,
  errors: `traefik_service_requests_total{${backend},code=~"5.."}`,
  durationBuckets: `traefik_service_request_duration_seconds_bucket{${backend}}`,
  bucketUnit: "seconds",
};
