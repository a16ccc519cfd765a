import type { V1Pod } from "@kubernetes/client-node";
import { scrapeTargets } from "../../../local/cluster/scrape-targets";

const pod: V1Pod = {
  metadata: {
    name: "api-1",
    namespace: "shop-canary",
    annotations: {
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8080",
      "prometheus.io/path": "/stats",
    },
    labels: {
      "app.kubernetes.io/name": "api",
      "app.kubernetes.io/version": "1.1.0",
      "release-channels.dev/channel": "canary",
      "release-channels.dev/release": "1-1-0-3fa9c2d1",
    },
  },
  status: { phase: "Running", podIP: "10.244.0.7" },
};

describe("what Prometheus is told about a pod", () => {
  it("is its address, and its labels under short names", () => {
    expect(scrapeTargets(pod)).toEqual([
      {
        targets: ["10.244.0.7:8080"],
        labels: {
          __metrics_path__: "/stats",
          namespace: "shop-canary",
          pod: "api-1",
          service: "api",
          version: "1.1.0",
          channel: "canary",
          release: "1-1-0-3fa9c2d1",
        },
      },
    ]);
  });

  it("leaves out labels that the pod hasn't got, and assumes the usual path", () => {
    const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": "80" };
    const [target] = scrapeTargets({ ...pod, metadata: { name: "plain", namespace: "x", annotations } });
    expect(target?.labels).toEqual({ __metrics_path__: "/metrics", namespace: "x", pod: "plain" });
  });

  it.each<[string, V1Pod]>([
    ["that doesn't ask for it", { ...pod, metadata: { ...pod.metadata, annotations: {} } }],
    [
      "without a port",
      { ...pod, metadata: { ...pod.metadata, annotations: { "prometheus.io/scrape": "true" } } },
    ],
    ["that has no address yet", { ...pod, status: { phase: "Running" } }],
    ["that has ended", { ...pod, status: { phase: "Succeeded", podIP: "10.244.0.7" } }],
  ])("is nothing for a pod %s", (_, other) => {
    expect(scrapeTargets(other)).toEqual([]);
  });
});
