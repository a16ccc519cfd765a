import type { Selectors } from "../../config/schemas/slo";

const destination =
  'reporter="source",destination_service_namespace="{{namespace}}",destination_service_name="{{service}}"';

/**
 * Istio's standard metrics (istio.io "Istio Standard Metrics": `istio_requests_total`, and
 * `istio_request_duration_milliseconds`, a histogram). As the gateway reports them (`reporter="source"`), so that
 * answers which it gave for an endpoint that is gone count too. The Kubernetes Service of one release is only asked
 * by the gateway.
 */
export const istio: Selectors = {
  requests: `istio_requests_total{${destination}}`,
  errors: `istio_requests_total{${destination},response_code=~"5.."}`,
  durationBuckets: `istio_request_duration_milliseconds_bucket{${destination}}`,
  bucketUnit: "milliseconds",
};
