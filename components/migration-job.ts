import * as pulumi from "@pulumi/pulumi";
import type { MigrationPolicy } from "../config/schemas/data-store";
import { ledgerExitCode } from "../config/schemas/migration";
import type { PlannedMigration } from "../rollout/data-jobs";
import { checksum, jobName } from "../rollout/migrations";
import { dataJob } from "./data-job";
import { type LedgerAccess, ledgerEnvironment, ledgerProgram } from "./ledger";
import type { ChannelContext } from "./release-context";
import { secretEnvironment } from "./release-deployment";

export interface MigrationJobArgs {
  context: ChannelContext;
  planned: PlannedMigration;
  policy: MigrationPolicy;
  /** Null where migrations rest on their tool's own ledger. */
  ledger: LedgerAccess | null;
  serviceAccount: string;
  correlation: string | undefined;
}

const backfillDeadlineSeconds = 86_400;
const backfillRetries = 10;

/** How long a migration may take, in seconds. */
export function migrationDeadline(
  { phase, deadline }: PlannedMigration["run"]["spec"],
  policy: Pick<MigrationPolicy, "deadline">,
): number {
  return deadline ?? (phase === "backfill" ? backfillDeadlineSeconds : policy.deadline);
}

/** One migration of a release as a Job; under the data store's ledger it is safe to repeat, and never runs twice. */
export class MigrationJob extends pulumi.ComponentResource {
  constructor(name: string, args: MigrationJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, planned, policy, ledger } = args;
    const { run } = planned;
    const { spec, release, version, direction, step, attempt } = run;
    const { id, phase } = spec;
    super(
      "release-channels:index:MigrationJob",
      name,
      { channel: context.channel, release, migration: id, phase, direction, run: jobName(run) },
      opts,
    );
    const command = direction === "up" ? spec.command : spec.down?.command;
    const own = [
      ...Object.entries(spec.env ?? {}).map(([key, value]) => ({ name: key, value })),
      ...secretEnvironment(policy.secrets),
    ];
    const asks = {
      run: jobName(run),
      attempt,
      migration: { id, checksum: checksum(spec), phase, direction, version },
    };
    const program = ledger === null ? null : ledgerProgram(ledger);
    dataJob(
      `${name}-job`,
      {
        context,
        jobName: planned.name,
        run: jobName(run),
        phase,
        release: { id: release, version },
        serviceAccount: args.serviceAccount,
        resources: policy.resources,
        deadlineSeconds: migrationDeadline(spec, policy),
        retries: spec.retries ?? (phase === "backfill" ? backfillRetries : 0),
        awaited: step !== "alongside",
        correlation: args.correlation,
        kept: !planned.due,
        container: {
          image: spec.image,
          ...(program === null
            ? { ...(command === undefined ? {} : { command }), env: own }
            : {
                command: [...program.run, ...(command ?? [])],
                env: [...own, ...ledgerEnvironment(program.access, asks)],
                volumeMounts: program.volumeMounts,
              }),
        },
        ...(program === null
          ? {}
          : {
              initContainers: program.initContainers,
              volumes: program.volumes,
              finalExitCodes: [ledgerExitCode.refused],
              repeatedExitCodes: [ledgerExitCode.unavailable],
            }),
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
