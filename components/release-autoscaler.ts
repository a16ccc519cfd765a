import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Autoscaling } from "../config/schemas/capacity";

export interface AutoscalerArgs {
  /** Those of the Deployment, whose name it bears. */
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  annotations: Record<string, string>;
  bounds: Autoscaling;
}

/** The autoscaler of one service of one release: its lower bound is what the release's share needs. */
export function releaseAutoscaler(
  name: string,
  { metadata, annotations, bounds }: AutoscalerArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.autoscaling.v2.HorizontalPodAutoscaler {
  const { minReplicas, maxReplicas, cpuUtilization } = bounds;
  return new k8s.autoscaling.v2.HorizontalPodAutoscaler(
    `${name}-autoscaler`,
    {
      // Bounds that were edited by hand must not be able to block a rollback.
      metadata: { ...metadata, annotations: { ...annotations, "pulumi.com/patchForce": "true" } },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
        minReplicas,
        maxReplicas,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpuUtilization } },
          },
        ],
      },
    },
    opts,
  );
}
