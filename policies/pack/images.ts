import type { ResourceValidationPolicy } from "@pulumi/policy";
import { labelKeys } from "../../rollout/labels";
import { jobName } from "../../rollout/migrations";
import type { Release } from "../../rollout/release";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { containersOf, types, workload } from "./objects";

const byDigest = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

/** What runs is what was judged: the very bytes, and those of the service or Job that the object is labelled as. */
export function images(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "images",
    description: "Images are pinned by digest, and are those of the release.",
    of: [types.deployment, types.job],
    schema: workload,
    check: (object, { type }) => {
      const { labels } = object.metadata;
      const { passed } = judgements;
      const allowed =
        type === types.job
          ? passed && jobImages(labels[labelKeys.run], passed)
          : serviceImages(labels[labelKeys.name] ?? "", judgements.releaseOf(labels));
      return containersOf(object).flatMap(({ name, image }) => {
        if (!byDigest.test(image)) return [`container ${name}: ${image} is not pinned by digest`];
        if (allowed?.images?.includes(image) === false) {
          return [`container ${name}: ${image} is not an image of ${allowed.of}`];
        }
        return [];
      });
    },
  });
}

interface Allowed {
  of: string;
  /** Any, where it is null. */
  images: string[] | null;
}

/** Null for what belongs to no live release, which other policies refuse. */
function serviceImages(name: string, release: Release | undefined): Allowed | null {
  if (release === undefined) return null;
  return { of: `${name} of release ${release.version}`, images: listed(release.services[name]?.image) };
}

/** Of a migration also where its release is gone; a backup's are the channel's own. */
function jobImages(
  label: string | undefined,
  { data: { migrations, companions, reconciliations }, configuration }: JudgedChannel,
): Allowed {
  const migration = migrations.find(({ run }) => jobName(run) === label)?.run;
  if (migration !== undefined) {
    const { spec, ledger } = migration;
    return { of: `the migration ${spec.id}`, images: listed(spec.image, ledger?.image) };
  }
  const reconciliation = reconciliations.find(({ run }) => run === label)?.of;
  if (reconciliation !== undefined) {
    const of = `the reconciliation of release ${reconciliation.version}`;
    return { of, images: listed(reconciliation.reconciliation?.image) };
  }
  const companion = companions.find(({ run }) => run === label);
  if (companion?.job.kind === "ledger") {
    return { of: "the ledger", images: listed(companion.job.ledger?.image) };
  }
  if (companion?.job.kind === "backup") {
    // One that is kept stays as it ran, whatever is configured by now.
    const image = configuration.channel.backup?.job?.image;
    return { of: "the channel's backup", images: companion.due ? listed(image) : null };
  }
  return { of: "any Job of this step", images: [] };
}

function listed(...some: (string | undefined)[]): string[] {
  return some.filter((image) => image !== undefined);
}
