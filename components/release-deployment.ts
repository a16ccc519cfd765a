import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Autoscaling } from "../config/schemas/capacity";
import type { ChannelSection } from "../config/schemas/channel";
import type { ServiceSpec } from "../config/schemas/release";
import { labelKeys, transitionAnnotation } from "../rollout/labels";
import { objectName, type Release } from "../rollout/release";
import { releaseAutoscaler } from "./release-autoscaler";
import {
  type ChannelContext,
  channelLabels,
  deletedAtOnce,
  ownAnnotations,
  releaseLabels,
  routedPort,
  withoutAwait,
} from "./release-context";

export interface ReleaseDeploymentArgs {
  context: ChannelContext;
  service: string;
  release: Release;
  spec: ServiceSpec;
  /** Pods that its share needs. Once it is autoscaled, only what it begins with. */
  replicas: number;
  /** Of its autoscaler; none where it is left out. */
  autoscaling?: Autoscaling;
  /** Whether an autoscaler, its own or somebody's, decides on its replicas. */
  autoscaled: boolean;
  place: Pick<ChannelSection["services"][string], "resources" | "secrets">;
  readyWithinSeconds: number;
  drainSeconds: number;
  correlation: string | undefined;
  /**
   * The transition that needs this release to be ready; each asks anew, even if nothing else of it changes.
   * Null where nothing waits for it: going back needs nothing of what it leaves.
   */
  readyFor: string | null;
}

const terminationMarginSeconds = 30;

/** One service of one release: its configuration, Deployment, Service, disruption budget and autoscaler. */
export class ReleaseDeployment extends pulumi.ComponentResource {
  constructor(name: string, args: ReleaseDeploymentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("release-channels:index:ReleaseDeployment", name, summary(args), opts);
    const { context, service, release, spec } = args;
    const labels = releaseLabels(context, service, release);
    const metadata = { name: objectName(service, release), namespace: context.namespace, labels };
    const annotations = ownAnnotations(args.correlation);
    const child = { parent: this, provider: context.provider };

    const configuration = new k8s.core.v1.ConfigMap(
      `${name}-config`,
      {
        metadata: { ...metadata, annotations: { ...annotations, ...deletedAtOnce } },
        immutable: true,
        data: {
          ...spec.env,
          RELEASE_VERSION: release.version,
          RELEASE_ID: release.id,
          RELEASE_CHANNEL: context.channel,
        },
      },
      child,
    );

    const selector = {
      ...channelLabels(context),
      [labelKeys.name]: service,
      [labelKeys.release]: release.id,
    };
    if (spec.http !== undefined) {
      new k8s.core.v1.Service(
        `${name}-service`,
        {
          metadata: { ...metadata, annotations: { ...annotations, ...withoutAwait, ...deletedAtOnce } },
          spec: {
            selector,
            ports: [routedPort(spec.http)],
          },
        },
        child,
      );
    }

    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-budget`,
      {
        metadata: { ...metadata, annotations: { ...annotations, ...deletedAtOnce } },
        spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
      },
      child,
    );

    const deployment = new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: {
          ...metadata,
          // What was scaled by hand, or by an autoscaler that is gone, must not be able to block a rollback.
          annotations: { ...annotations, ...awaiting(args), "pulumi.com/patchForce": "true" },
        },
        spec: {
          replicas: args.replicas,
          revisionHistoryLimit: 2,
          progressDeadlineSeconds: args.readyWithinSeconds,
          selector: { matchLabels: selector },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            metadata: { labels, annotations: scrapeAnnotations(spec) },
            spec: podSpec(args, metadata.name),
          },
        },
      },
      {
        ...child,
        dependsOn: [configuration],
        ...(args.autoscaled ? { ignoreChanges: ["spec.replicas"] } : {}),
      },
    );
    const { autoscaling: bounds } = args;
    if (bounds !== undefined) {
      releaseAutoscaler(name, { metadata, annotations, bounds }, { ...child, dependsOn: [deployment] });
    }
    this.registerOutputs({});
  }
}

/** What the engine, and policies, see of a component's arguments: plain values, no provider object. */
function summary({ context, service, release, replicas }: ReleaseDeploymentArgs) {
  return { channel: context.channel, service, release: release.id, version: release.version, replicas };
}

function awaiting({ readyFor, readyWithinSeconds }: ReleaseDeploymentArgs): Record<string, string> {
  if (readyFor === null) return withoutAwait;
  return {
    [transitionAnnotation]: readyFor,
    "pulumi.com/timeoutSeconds": String(readyWithinSeconds),
  };
}

function scrapeAnnotations({ metrics }: ServiceSpec): Record<string, string> {
  if (metrics === undefined) return {};
  return {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(metrics.port),
    "prometheus.io/path": metrics.path,
  };
}

function podSpec(args: ReleaseDeploymentArgs, configMap: string): k8s.types.input.core.v1.PodSpec {
  const { service, spec, place, drainSeconds } = args;
  const { http } = spec;
  return {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    terminationGracePeriodSeconds: drainSeconds + terminationMarginSeconds,
    containers: [
      {
        name: service,
        image: spec.image,
        imagePullPolicy: "IfNotPresent",
        ...(spec.command === undefined ? {} : { command: spec.command }),
        ...(spec.args === undefined ? {} : { args: spec.args }),
        ...(http === undefined
          ? {}
          : { ports: [{ name: "http", containerPort: http.port, protocol: "TCP" }] }),
        envFrom: [{ configMapRef: { name: configMap } }],
        env: secretEnvironment(place.secrets),
        resources: place.resources,
        readinessProbe: httpProbe(spec.probes.readiness),
        ...(spec.probes.liveness === undefined ? {} : { livenessProbe: httpProbe(spec.probes.liveness) }),
        ...(spec.probes.startup === undefined ? {} : { startupProbe: httpProbe(spec.probes.startup) }),
        // Keeps answering while gateways still learn that this pod is ending.
        ...(drainSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: drainSeconds } } } }),
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        terminationMessagePolicy: "FallbackToLogsOnError",
      },
    ],
  };
}

/** Environment variables whose values only the kubelet reads. */
export function secretEnvironment(secrets: ReleaseDeploymentArgs["place"]["secrets"]) {
  return Object.entries(secrets).map(([name, { name: secret, key }]) => ({
    name,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }));
}

function httpProbe({ path, port, ...timing }: ServiceSpec["probes"]["readiness"]) {
  return { httpGet: { path, port, scheme: "HTTP" }, ...timing };
}
