import * as pulumi from "@pulumi/pulumi";
import type { MigrationPolicy } from "../config/schemas/data-store";
import type { PlannedReconciliation } from "../rollout/data-jobs";
import { dataJob } from "./data-job";
import type { ChannelContext } from "./release-context";
import { secretEnvironment } from "./release-deployment";

export interface ReconciliationJobArgs {
  context: ChannelContext;
  planned: PlannedReconciliation;
  policy: MigrationPolicy;
  serviceAccount: string;
  correlation: string | undefined;
}

/** Compares the forms of before and after while both are written; the next step is judged by what it finds. */
export class ReconciliationJob extends pulumi.ComponentResource {
  constructor(name: string, args: ReconciliationJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, planned, policy } = args;
    const { of: release, run, weight } = planned;
    super(
      "release-channels:index:ReconciliationJob",
      name,
      { channel: context.channel, release: release.id, weight, run },
      opts,
    );
    const { reconciliation } = release;
    if (reconciliation === undefined) throw new Error(`${release.version} declares no reconciliation`);
    const { image, command, env = {}, deadline } = reconciliation;
    dataJob(
      `${name}-job`,
      {
        context,
        jobName: planned.name,
        run,
        phase: "reconcile",
        release,
        serviceAccount: args.serviceAccount,
        resources: policy.resources,
        deadlineSeconds: deadline ?? policy.deadline,
        retries: 0,
        awaited: false,
        correlation: args.correlation,
        kept: false,
        container: {
          image,
          ...(command === undefined ? {} : { command }),
          env: [
            ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
            ...secretEnvironment(policy.secrets),
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
