import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { envelopeKey } from "../evidence/chain/stored";
import { evidenceName, labelKeys } from "../rollout/labels";
import { type ChannelContext, channelLabels, ownAnnotations } from "./release-context";

export interface EvidenceRecordArgs {
  context: ChannelContext;
  /** Its place in the channel's chain, from 1 on. */
  sequence: number;
  /** A DSSE envelope in JSON; the same for the same transition. */
  envelope: pulumi.Input<string>;
  correlation: string | undefined;
}

/**
 * The evidence of one transition: an object that cannot be changed, and that stays in the cluster when the state lets
 * go of it. The state keeps the newest one alone.
 */
export class EvidenceRecord extends pulumi.ComponentResource {
  constructor(name: string, args: EvidenceRecordArgs, opts?: pulumi.ComponentResourceOptions) {
    const { context, sequence, envelope, correlation } = args;
    super("release-channels:index:EvidenceRecord", name, { channel: context.channel, sequence }, opts);
    new k8s.core.v1.ConfigMap(
      `${name}-${sequence}`,
      {
        metadata: {
          name: evidenceName(context.product, context.channel, sequence),
          namespace: context.namespace,
          labels: { ...channelLabels(context), [labelKeys.sequence]: String(sequence) },
          annotations: ownAnnotations(correlation),
        },
        immutable: true,
        data: { [envelopeKey]: envelope },
      },
      { parent: this, provider: context.provider, retainOnDelete: true },
    );
    this.registerOutputs({});
  }
}
