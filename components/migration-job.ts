import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChannelSection } from "../config/schemas/channel";
import type { MigrationSpec } from "../config/schemas/release";
import { migrationJobName, type Release } from "../rollout/release";
import { type ChannelContext, correlated, releaseLabels } from "./release-context";
import { secretEnvironment } from "./release-deployment";

export interface MigrationJobArgs {
  context: ChannelContext;
  release: Release;
  migration: MigrationSpec;
  policy: ChannelSection["migrations"];
  correlation: string | undefined;
}

/** One migration of a release, as a Job that is awaited; its tool's ledger makes it safe to repeat. */
export class MigrationJob extends pulumi.ComponentResource {
  constructor(name: string, args: MigrationJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, release, migration, policy, correlation } = args;
    super(
      "release-channels:index:MigrationJob",
      name,
      { channel: context.channel, release: release.id, migration: migration.id, phase: migration.phase },
      opts,
    );
    const labels = releaseLabels(context, "migration", release);
    new k8s.batch.v1.Job(
      `${name}-job`,
      {
        metadata: {
          name: migrationJobName(migration, release),
          namespace: context.namespace,
          labels,
          annotations: {
            ...correlated(correlation),
            "pulumi.com/timeoutSeconds": String(policy.deadline + 10),
            // A Job that failed is run again by the next update.
            "pulumi.com/replaceUnready": "true",
          },
        },
        spec: {
          backoffLimit: 0,
          activeDeadlineSeconds: policy.deadline,
          template: {
            metadata: { labels },
            spec: {
              restartPolicy: "Never",
              automountServiceAccountToken: false,
              securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
              containers: [
                {
                  name: "migration",
                  image: migration.image,
                  imagePullPolicy: "IfNotPresent",
                  ...(migration.command === undefined ? {} : { command: migration.command }),
                  env: secretEnvironment(policy.secrets),
                  resources: {
                    requests: { cpu: "50m", memory: "64Mi" },
                    limits: { memory: "512Mi" },
                  },
                  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                  // Brings the end of the log into the Job's error.
                  terminationMessagePolicy: "FallbackToLogsOnError",
                },
              ],
            },
          },
        },
      },
      { parent: this, provider: context.provider },
    );
    this.registerOutputs({});
  }
}
