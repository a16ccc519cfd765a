import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import canonicalize from "canonicalize";
import { type ChannelSection, defaultPlace } from "../config/schemas/channel";
import { type Account, conclude, nextSequence } from "../evidence/chain/conclude";
import { stashNames } from "../observe/state";
import { enoughToGoBack, type PlannedRelease, type PlannedService } from "../rollout/capacity";
import { correlationsOf } from "../rollout/correlation";
import type { Backup } from "../rollout/data-jobs";
import type { Attribution } from "../rollout/history";
import { mirrorName } from "../rollout/labels";
import { serviceRanks } from "../rollout/order";
import { intentOf, type Plan } from "../rollout/plan";
import type { ChannelRecord, Intent, TransitionRef } from "../rollout/record";
import { objectName, type Release } from "../rollout/release";
import { CapacityConfirmation } from "./capacity-confirmation";
import { DataChanges } from "./data-changes";
import { EvidenceRecord } from "./evidence-record";
import { type ChannelContext, channelLabels, ownAnnotations } from "./release-context";
import { ReleaseDeployment } from "./release-deployment";
import { TrafficShift } from "./traffic-shift";

export interface ReleaseChannelArgs {
  /** The stack's name. */
  channel: string;
  section: ChannelSection;
  plan: Plan;
  /** What the state remembers of the update before this one. */
  record: ChannelRecord | null;
  intent: Intent | null;
  attribution: Attribution;
  /** For the evidence of the transition; null where nothing changes. */
  account: Account | null;
  /** Envelope of the evidence that is kept where nothing changes; null where there is none. */
  keptEvidence: string | null;
  /** Identity of the cluster: objects are only ever replaced when it changes. */
  clusterIdentifier: string;
}

type Dependencies = pulumi.Resource[];

/**
 * One channel: registers what the plan says, in the order that keeps every request answered. First the intent;
 * then migrations and the rising release until it is ready; then routes; then the data plane is asked, and the data
 * switched or contracted; what it answers becomes the evidence, and the record that names it; only then the falling
 * release is touched.
 */
export class ReleaseChannel extends pulumi.ComponentResource {
  /** The record after this update; unknown in the preview of a transition. */
  readonly record: pulumi.Output<ChannelRecord>;

  private readonly context: ChannelContext;
  /** Release id → correlation id. */
  private readonly correlations: Readonly<Record<string, string>>;

  constructor(
    private readonly channelName: string,
    private readonly args: ReleaseChannelArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("release-channels:index:ReleaseChannel", channelName, { ...judgedInputs(args) }, opts);
    const { section, plan, channel, clusterIdentifier } = args;
    const provider = new k8s.Provider(
      `${channelName}-cluster`,
      {
        ...(section.context === undefined ? {} : { context: section.context }),
        clusterIdentifier,
        upsertExistingObjects: true,
        // The mirror is changed in place; the configurations of releases are immutable objects of their own.
        enableConfigMapMutable: true,
      },
      { parent: this },
    );
    this.context = { channel, product: section.product, namespace: section.namespace, provider };

    this.correlations = correlationsOf(args.record, plan.to, plan.transition?.id ?? null);

    const intent = new pulumi.Stash(
      stashNames.intent,
      { input: intentOf(plan, args.intent) },
      { parent: this },
    );
    const data = new DataChanges(
      {
        context: this.context,
        section,
        plan,
        correlations: this.correlations,
        correlation: this.rolloutCorrelation(),
      },
      this,
      [intent],
    );
    const rising = this.releases("rising", [intent, ...data.before]);
    const shift = new TrafficShift(
      {
        context: this.context,
        section,
        plan,
        transition: this.transition(),
        correlation: this.rolloutCorrelation(),
        goesBack: this.goesBack(),
      },
      this,
      [intent, ...rising, ...this.autoscaled(rising)],
    );
    const confirmed = [...shift.confirmations, ...data.after(shift.confirmations)];
    const { follows, evidence } = this.conclusion(intent, shift, data);
    const proven = this.evidence(evidence, confirmed);
    const record = new pulumi.Stash(
      stashNames.record,
      { input: follows },
      { parent: this, dependsOn: [...confirmed, ...proven] },
    );
    // What is kept, not what was asked for: a policy pack adds its signature.
    this.record = record.input.apply((kept): ChannelRecord => kept);
    this.mirror([record]);
    this.releases("falling", [record]);
    data.reconciliations([record]);
    this.registerOutputs({ record: this.record });
  }

  /** The services of the releases whose share rises, or falls. */
  private releases(direction: PlannedRelease["direction"], dependsOn: Dependencies): Dependencies {
    return this.args.plan.releases
      .filter((planned) => planned.direction === direction)
      .flatMap((planned) => this.services(planned, dependsOn));
  }

  /** On a raise in their order: each is begun when those that it comes after are ready. */
  private services({ release, services, direction }: PlannedRelease, dependsOn: Dependencies): Dependencies {
    const inOrder = direction === "rising" && !this.goesBack();
    const registered: Dependencies = [];
    for (const names of serviceRanks(release)) {
      const waitsFor = inOrder ? [...dependsOn, ...registered] : dependsOn;
      const planned = services.filter(({ service }) => names.includes(service));
      registered.push(...planned.flatMap((one) => this.service(release, one, waitsFor)));
    }
    return registered;
  }

  private service(release: Release, planned: PlannedService, dependsOn: Dependencies): Dependencies {
    const { section } = this.args;
    const { service, replicas, autoscaling, scaledBy } = planned;
    const spec = release.services[service];
    if (spec === undefined) return [];
    const deployment = new ReleaseDeployment(
      `${this.channelName}-${service}-${release.id}`,
      {
        context: this.context,
        service,
        release,
        spec,
        replicas,
        ...(autoscaling === undefined ? {} : { autoscaling }),
        autoscaled: autoscaling !== undefined || scaledBy !== undefined,
        place: section.services[service] ?? defaultPlace,
        readyWithinSeconds: section.readyWithin,
        drainSeconds: section.drain,
        correlation: this.correlations[release.id],
        readyFor:
          release.id === this.gaining().id && !this.hasStayed(release, planned) ? this.transitionId() : null,
      },
      { parent: this, dependsOn },
    );
    return [deployment];
  }

  /** What waits until the autoscalers of the release that the traffic goes to have done what they were told. */
  private autoscaled(dependsOn: Dependencies): Dependencies {
    const { section, plan } = this.args;
    const release = this.gaining();
    const services = plan.releases.find((planned) => planned.release.id === release.id)?.services ?? [];
    const own = services.filter(({ autoscaling }) => autoscaling !== undefined);
    if (own.length === 0) return [];
    const request = {
      id: this.transitionId(),
      ...(section.context === undefined ? {} : { context: section.context }),
      namespace: section.namespace,
      deployments: Object.fromEntries(
        own.map((planned) => [
          objectName(planned.service, release),
          this.hasStayed(release, planned) ? enoughToGoBack(planned.replicas) : planned.replicas,
        ]),
      ),
      withinSeconds: section.readyWithin,
    };
    const name = `${this.channelName}-capacity`;
    return [new CapacityConfirmation(name, { request }, { parent: this, dependsOn })];
  }

  /** Of the release that is being rolled out, or else of the one that is live. */
  private rolloutCorrelation(): string | undefined {
    const { baseline, candidate } = this.args.plan.to;
    return this.correlations[(candidate ?? baseline).id];
  }

  /** The record that follows from what was confirmed, and its evidence; what was, where nothing changes. */
  private conclusion(intent: pulumi.Stash, { confirmed }: TrafficShift, { made }: DataChanges) {
    const { channel, section, plan, record, account, attribution, keptEvidence } = this.args;
    if (plan.transition === null && record !== null) {
      const { evidence } = record;
      return {
        follows: pulumi.output(record as pulumi.Unwrap<ChannelRecord>),
        evidence:
          evidence === undefined || keptEvidence === null
            ? null
            : { sequence: evidence.sequence, envelope: keptEvidence },
      };
    }
    if (account === null) throw new Error("a transition without an account of it");
    const undertaking = { product: section.product, channel, record, plan, attribution, account };
    // What is kept, not what was asked for: a policy pack adds its signature to the intent.
    const concluded = pulumi
      .all([confirmed, made, intent.input])
      .apply(([confirmed, made, { judgedBy }]) =>
        conclude(undertaking, { confirmed, backup: made as Backup | null, judgedBy }),
      );
    return {
      follows: concluded.apply(({ record }) => record),
      evidence: {
        sequence: nextSequence(account.previous),
        envelope: concluded.apply(({ evidence }) => evidence.text),
      },
    };
  }

  private evidence(
    evidence: { sequence: number; envelope: pulumi.Input<string> } | null,
    dependsOn: Dependencies,
  ): Dependencies {
    if (evidence === null) return [];
    const { context } = this;
    return [
      new EvidenceRecord(
        `${this.channelName}-evidence`,
        { context, ...evidence, correlation: this.rolloutCorrelation() },
        { parent: this, dependsOn },
      ),
    ];
  }

  /** A copy of the record that outlives the state: what lost or old state is recognised by. */
  private mirror(dependsOn: Dependencies): void {
    const { section, channel } = this.args;
    const { record, context, channelName } = this;
    new k8s.core.v1.ConfigMap(
      `${channelName}-mirror`,
      {
        metadata: {
          name: mirrorName(section.product, channel),
          namespace: section.namespace,
          labels: channelLabels(context),
          annotations: ownAnnotations(this.rolloutCorrelation()),
        },
        data: record.apply((written) => ({
          transition: written.transition.id,
          at: written.transition.at,
          // Canonical: read back from the state, the same record may have its keys in another order.
          record: canonicalize(written) ?? "",
        })),
      },
      { parent: this, provider: context.provider, dependsOn },
    );
  }

  /** The release that the traffic goes to: it must be ready, whatever the other one does. */
  private gaining(): Release {
    const { baseline, candidate } = this.args.plan.to;
    return candidate === null || this.goesBack() ? baseline : candidate;
  }

  private goesBack(): boolean {
    const { plan, record } = this.args;
    const kind = (plan.transition ?? record?.transition)?.kind;
    return plan.to.candidate !== null && (plan.to.state === "rolled-back" || kind === "correct");
  }

  /** On the way back to what has kept its full set, a pod that is not ready must not keep users at a bad release. */
  private hasStayed({ services }: Release, { service, canServe }: PlannedService): boolean {
    const { plan, section } = this.args;
    const isServed = services[service]?.http !== undefined;
    const isSeen = canServe === true || plan.transition === null;
    return this.goesBack() && section.capacity === "full" && isServed && isSeen;
  }

  private transitionId(): string {
    return this.transition().id;
  }

  /** That which is made; where what is recorded is registered again, that which is recorded. */
  private transition(): Pick<TransitionRef, "id" | "kind"> {
    const { plan, record } = this.args;
    const transition = plan.transition ?? record?.transition;
    if (transition === undefined) throw new Error("neither a transition nor a record");
    return { id: transition.id, kind: transition.kind };
  }
}

/** What policies judge: known values only, and the same ones while nothing changes. */
function judgedInputs({ channel, plan, record }: ReleaseChannelArgs) {
  return {
    channel,
    transition: plan.transition?.id ?? record?.transition.id ?? null,
    kind: plan.transition?.kind ?? record?.transition.kind ?? null,
    state: plan.to.state,
    baseline: plan.to.baseline.id,
    candidate: plan.to.candidate?.id ?? null,
    weight: plan.to.weight,
    ...(Object.keys(plan.sizes).length === 0 ? {} : { sizes: plan.sizes }),
  };
}
