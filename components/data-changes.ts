import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChannelSection } from "../config/schemas/channel";
import type { Backup, PlannedCompanion, PlannedMigration } from "../rollout/data-jobs";
import { jobName } from "../rollout/migrations";
import type { Plan } from "../rollout/plan";
import { BackupJob } from "./backup-job";
import { LedgerEntry, ledgerAccess } from "./ledger";
import { MigrationJob } from "./migration-job";
import { ReconciliationJob } from "./reconciliation-job";
import { type ChannelContext, channelLabels, ownAnnotations } from "./release-context";

export interface DataChangesArgs {
  context: ChannelContext;
  section: ChannelSection;
  plan: Plan;
  /** Release id → correlation id. */
  correlations: Readonly<Record<string, string>>;
  /** Correlation id of what belongs to no release. */
  correlation: string | undefined;
}

type Dependencies = pulumi.Resource[];

/** Name of the account that the Jobs of a channel's data run as; it may do nothing in the cluster. */
export function dataAccountName(product: string, channel: string): string {
  return `${product}-${channel}-data`;
}

/**
 * What an update does with the data, around what it does with the traffic. First a copy, then what expands the
 * schema; what switches or contracts it, and what undoes, comes when the traffic was seen to have moved.
 */
export class DataChanges {
  /** The copy that was made in this update; null where none was. */
  readonly made: pulumi.Output<Backup | null>;
  /** What releases wait for before they begin. */
  readonly before: Dependencies;

  private readonly account: k8s.core.v1.ServiceAccount | null;
  private readonly backups: BackupJob[];

  constructor(
    private readonly args: DataChangesArgs,
    private readonly parent: pulumi.Resource,
    dependsOn: Dependencies,
  ) {
    const { companions } = args.plan.data;
    this.account = this.serviceAccount();
    const needed = [...dependsOn, ...(this.account === null ? [] : [this.account])];
    const backups = companions.filter(({ job }) => job.kind === "backup");
    const registered = backups.flatMap((planned) => this.backup(planned, needed) ?? []);
    this.backups = registered.map(({ component }) => component);
    this.made = registered.find(({ planned }) => planned.due)?.component.made ?? pulumi.output(null);
    this.before = this.migrations("before-traffic", [...needed, ...this.backups]);
    this.migrations("alongside", [...needed, ...this.backups, ...this.before]);
  }

  /** What waits until the traffic was seen to have moved; the record waits for it. */
  after(confirmed: Dependencies): Dependencies {
    const { companions } = this.args.plan.data;
    const entries = companions.filter(({ job }) => job.kind === "ledger");
    return [
      ...this.migrations("after-traffic", [...confirmed, ...this.backups]),
      ...entries.flatMap((planned) => this.ledgerEntry(planned, confirmed) ?? []),
    ];
  }

  /** What compares the forms of the data, once the weights are recorded. */
  reconciliations(recorded: Dependencies): void {
    const { context, section, plan, correlations } = this.args;
    for (const planned of plan.data.reconciliations) {
      new ReconciliationJob(
        `${context.channel}-${planned.run}`,
        {
          context,
          planned,
          policy: section.migrations,
          serviceAccount: this.accountName(),
          correlation: correlations[planned.of.id],
        },
        { parent: this.parent, dependsOn: recorded },
      );
    }
  }

  /** In their order: each waits for the one before it. */
  private migrations(step: PlannedMigration["run"]["step"], dependsOn: Dependencies): Dependencies {
    const { context, section, plan, correlations } = this.args;
    const jobs: Dependencies = [];
    for (const planned of plan.data.migrations) {
      const { run, stopped } = planned;
      if (stopped || run.step !== step) continue;
      jobs.push(
        new MigrationJob(
          `${context.channel}-${jobName(run)}`,
          {
            context,
            planned,
            policy: section.migrations,
            ledger: ledgerAccess(context, section.migrations, run.ledger?.image, plan.to),
            serviceAccount: this.accountName(),
            correlation: correlations[run.release],
          },
          { parent: this.parent, dependsOn: [...dependsOn, ...jobs] },
        ),
      );
    }
    return jobs;
  }

  private backup(
    planned: PlannedCompanion,
    dependsOn: Dependencies,
  ): { planned: PlannedCompanion; component: BackupJob } | null {
    const { context, section, correlations } = this.args;
    const policy = section.backup?.job;
    if (policy === undefined) return null;
    const component = new BackupJob(
      `${context.channel}-${planned.run}`,
      {
        context,
        planned,
        policy,
        kubeContext: section.context,
        serviceAccount: this.accountName(),
        correlation: correlations[planned.job.release],
      },
      { parent: this.parent, dependsOn },
    );
    return { planned, component };
  }

  private ledgerEntry(planned: PlannedCompanion, dependsOn: Dependencies): LedgerEntry | null {
    const { context, section, plan, correlations } = this.args;
    const ledger = ledgerAccess(context, section.migrations, planned.job.ledger?.image, plan.to);
    if (ledger === null) return null;
    return new LedgerEntry(
      `${context.channel}-${planned.run}`,
      {
        context,
        planned,
        ledger,
        serviceAccount: this.accountName(),
        deadlineSeconds: section.migrations.deadline,
        correlation: correlations[planned.job.release],
      },
      { parent: this.parent, dependsOn },
    );
  }

  private accountName(): string {
    const { product, channel } = this.args.context;
    return dataAccountName(product, channel);
  }

  /** Null where no live release has anything to do with data. */
  private serviceAccount(): k8s.core.v1.ServiceAccount | null {
    const { context, plan, correlation } = this.args;
    const { baseline, candidate } = plan.to;
    const declared = [baseline, candidate].some(
      (release) =>
        release !== null && (release.migrations.length > 0 || release.reconciliation !== undefined),
    );
    if (!declared && plan.data.migrations.length === 0 && plan.data.companions.length === 0) return null;
    return new k8s.core.v1.ServiceAccount(
      `${context.channel}-data`,
      {
        metadata: {
          name: this.accountName(),
          namespace: context.namespace,
          labels: channelLabels(context),
          annotations: ownAnnotations(correlation),
        },
        automountServiceAccountToken: false,
      },
      { parent: this.parent, provider: context.provider },
    );
  }
}
