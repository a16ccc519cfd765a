import type { Selectors } from "../../config/schemas/slo";

const cluster = 'envoy_cluster_name=~"service/{{namespace}}/{{service}}/80(/[a-z0-9]+)?"';

/**
 * Envoy's statistics of upstream clusters (envoyproxy.io "Cluster manager: Statistics": `upstream_rq_<*xx>` and
 * `upstream_rq_time`, in milliseconds), as Envoy Gateway's proxies export them under `/stats/prometheus`.
 *
 * By default Envoy Gateway makes one cluster of a whole route rule (`httproute/<namespace>/<route>/rule/0`), in which
 * the releases cannot be told apart (envoyproxy/gateway issues 6742, 7017). With `EnvoyProxy.spec.mergeBackends: {}`
 * (since 1.9) each backend Service is a cluster of its own, named `<kind>/<namespace>/<name>/<port>/<protocol>`
 * (internal/gatewayapi/helpers.go, irBackendClusterName). Without it there are no such series, and the gate holds.
 *
 * `upstream_rq_total` is not used: it counts retries, and not what was answered for want of a healthy endpoint.
 */
export const envoyGateway: Selectors = {
  requests: `envoy_cluster_upstream_rq_xx{${cluster}}`,
  errors: `envoy_cluster_upstream_rq_xx{${cluster},envoy_response_code_class="5"}`,
  durationBuckets: `envoy_cluster_upstream_rq_time_bucket{${cluster}}`,
  bucketUnit: "milliseconds",
};
