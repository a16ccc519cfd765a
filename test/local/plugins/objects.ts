import type { Bag } from "../../../local/plugins/protocol/values";

/** The URN of a resource of a type such as `apps/v1:Deployment`. */
export function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::conformance::kubernetes:${type}::${name}`;
}

export function configMap(namespace: string, name: string, data: Bag = { color: "blue" }): Bag {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

/** With pods for a node that nobody runs, so that a test can play it. */
export function deployment(
  namespace: string,
  name: string,
  { replicas = 1, image = "one", annotations = {} } = {},
): Bag {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: {
      replicas,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          nodeName: "nowhere",
          containers: [{ name: "main", image, resources: { requests: { cpu: "1" } } }],
        },
      },
    },
  };
}

export function job(namespace: string, name: string, annotations: Bag = {}): Bag {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          nodeName: "nowhere",
          restartPolicy: "Never",
          containers: [{ name: "main", image: "one", terminationMessagePolicy: "FallbackToLogsOnError" }],
        },
      },
    },
  };
}

export function service(namespace: string, name: string, spec: Bag = {}): Bag {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  };
}

/**
 * A kind that exists only in tests, with a free-form spec and a status. It stays: a definition that goes away
 * stalls the cluster's garbage collector for minutes, and with it every other test's deletions.
 */
export function widgetDefinition(group: string): Bag {
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } } },
        },
      ],
    },
  };
}

export function widget(group: string, namespace: string, name: string, annotations: Bag = {}): Bag {
  return {
    apiVersion: `${group}/v1`,
    kind: "Widget",
    metadata: { name, namespace, annotations },
    spec: { size: 1 },
  };
}
