import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { BackupJobPolicy } from "../config/schemas/data-store";
import { type Backup, backup, type PlannedCompanion } from "../rollout/data-jobs";
import { dataJob } from "./data-job";
import type { ChannelContext } from "./release-context";
import { secretEnvironment } from "./release-deployment";

export interface BackupJobArgs {
  context: ChannelContext;
  planned: PlannedCompanion;
  policy: BackupJobPolicy;
  /** kubeconfig context by which the Job's answer is read. */
  kubeContext: string | undefined;
  serviceAccount: string;
  correlation: string | undefined;
}

const folder = "/backup";

/** Copies the data before it is migrated, restores the copy once to see that it can be, and says what it made. */
export class BackupJob extends pulumi.ComponentResource {
  /** What was made; unknown in a preview. */
  readonly made: pulumi.Output<Backup>;

  constructor(name: string, args: BackupJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, planned, policy } = args;
    const { release, version } = planned.job;
    super("release-channels:index:BackupJob", name, { channel: context.channel, run: planned.run }, opts);
    const values = {
      BACKUP_NAME: `${context.channel}-${planned.name}`,
      RELEASE_VERSION: version,
      RELEASE_ID: release,
      RELEASE_CHANNEL: context.channel,
      ...policy.env,
    };
    const job = dataJob(
      `${name}-job`,
      {
        context,
        jobName: planned.name,
        run: planned.run,
        phase: "backup",
        release: { id: release, version },
        serviceAccount: args.serviceAccount,
        resources: policy.resources,
        deadlineSeconds: policy.deadline,
        retries: 0,
        awaited: true,
        correlation: args.correlation,
        kept: !planned.due,
        volumes: [{ name: "backup", persistentVolumeClaim: { claimName: policy.volumeClaim } }],
        container: {
          image: policy.image,
          ...(policy.command === undefined ? {} : { command: policy.command }),
          env: [
            ...Object.entries(values).map(([key, value]) => ({ name: key, value })),
            ...secretEnvironment(policy.secrets),
          ],
          volumeMounts: [{ name: "backup", mountPath: folder }],
        },
      },
      { parent: this },
    );
    const request = { context: args.kubeContext, namespace: context.namespace, job: planned.name };
    const answer = new local.Command(
      `${name}-answer`,
      {
        // A fixed command: values go by standard input, never through a shell.
        create: "node run.cjs observe/job-answer.ts",
        stdin: JSON.stringify(request),
        addPreviousOutputInEnv: false,
        logging: local.Logging.Stderr,
      },
      { parent: this, dependsOn: [job] },
    );
    this.made = answer.stdout.apply((text) => backup.parse(JSON.parse(text)));
    this.registerOutputs({ made: this.made });
  }
}
