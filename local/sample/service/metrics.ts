import { Counter, Histogram, type Registry } from "prom-client";

export interface HttpMetrics {
  observe(request: { method: string; route: string; status: number; seconds: number }): void;
}

/** Request metrics as the usual dashboards and SLO queries name them; durations in seconds. */
export function httpMetrics(registry: Registry): HttpMetrics {
  const labelNames = ["method", "route", "status"] as const;
  const total = new Counter({
    name: "http_requests_total",
    help: "Requests answered, without health checks and probes.",
    labelNames,
    registers: [registry],
  });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from a request's arrival to its answer, in seconds, without health checks and probes.",
    labelNames,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  return {
    observe({ method, route, status, seconds }) {
      const labels = { method, route, status: String(status) };
      total.inc(labels);
      duration.observe(labels, seconds);
    },
  };
}
