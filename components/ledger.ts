import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MigrationPolicy } from "../config/schemas/data-store";
import { ledgerExitCode } from "../config/schemas/migration";
import type { PlannedCompanion } from "../rollout/data-jobs";
import type { Position } from "../rollout/record";
import type { Release } from "../rollout/release";
import { confined, dataJob } from "./data-job";
import type { ChannelContext } from "./release-context";

const folder = "/ledger";
const volume = "ledger";
const resources = { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } };

/** How the Jobs of one update reach the data store's ledger, and what they tell it. */
export interface LedgerAccess {
  image: string;
  url: NonNullable<MigrationPolicy["ledger"]>["url"];
  lockWithinSeconds: number;
  product: string;
  channel: string;
  /** Releases of the channel that are live when the update is through. */
  live: Pick<Release, "version" | "id" | "data" | "migrations">[];
}

/** Null where the channel has no ledger, or no release of it brings the program. */
export function ledgerAccess(
  { channel, product }: Pick<ChannelContext, "channel" | "product">,
  { ledger }: MigrationPolicy,
  image: string | undefined,
  { baseline, candidate }: Position,
): LedgerAccess | null {
  if (ledger === undefined || image === undefined) return null;
  return {
    image,
    url: ledger.url,
    lockWithinSeconds: ledger.lockWithin,
    product,
    channel,
    live: candidate === null ? [baseline] : [baseline, candidate],
  };
}

interface LedgerRun {
  run: string;
  attempt: number;
  migration: { id: string; checksum: string; phase: string; direction: string; version: string } | null;
}

/** What the ledger's program is told; nothing of it changes when the same update is repeated. */
export function ledgerEnvironment(access: LedgerAccess, { run, attempt, migration }: LedgerRun) {
  const { product, channel, live, lockWithinSeconds, url } = access;
  const request = {
    product,
    channel,
    transition: run,
    attempt,
    live: live.map(({ version, id, data, migrations }) => ({
      version,
      release: id,
      writes: data?.writes ?? null,
      reads: data?.reads ?? [],
      migrations: migrations.map((spec) => spec.id),
    })),
    migration,
    lockWithinSeconds,
  };
  return [
    { name: "LEDGER_URL", valueFrom: { secretKeyRef: { name: url.name, key: url.key } } },
    { name: "LEDGER_REQUEST", value: JSON.stringify(request) },
  ];
}

/** The program is brought into the migration's own image, whatever that is: it runs the command there. */
export function ledgerProgram(access: LedgerAccess) {
  const volumeMounts = [{ name: volume, mountPath: folder }];
  const initContainers: k8s.types.input.core.v1.Container[] = [
    {
      name: "ledger",
      image: access.image,
      imagePullPolicy: "IfNotPresent",
      args: ["install", folder],
      resources,
      securityContext: confined,
      volumeMounts,
    },
  ];
  return {
    access,
    run: [`${folder}/ledger`, "run", "--"],
    initContainers,
    volumeMounts,
    volumes: [{ name: volume, emptyDir: {} }],
  };
}

export interface LedgerEntryArgs {
  context: ChannelContext;
  planned: PlannedCompanion;
  ledger: LedgerAccess;
  serviceAccount: string;
  deadlineSeconds: number;
  correlation: string | undefined;
}

/** Enters the live releases where no migration of the update does it. */
export class LedgerEntry extends pulumi.ComponentResource {
  constructor(name: string, args: LedgerEntryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, planned, ledger } = args;
    const { release, version } = planned.job;
    super("release-channels:index:LedgerEntry", name, { channel: context.channel, run: planned.run }, opts);
    dataJob(
      `${name}-job`,
      {
        context,
        jobName: planned.name,
        run: planned.run,
        phase: "ledger",
        release: { id: release, version },
        serviceAccount: args.serviceAccount,
        resources,
        deadlineSeconds: args.deadlineSeconds,
        retries: 2,
        finalExitCodes: [ledgerExitCode.refused],
        repeatedExitCodes: [ledgerExitCode.unavailable],
        awaited: true,
        correlation: args.correlation,
        kept: !planned.due,
        container: {
          image: ledger.image,
          args: ["record"],
          env: ledgerEnvironment(ledger, { run: planned.run, attempt: 1, migration: null }),
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
