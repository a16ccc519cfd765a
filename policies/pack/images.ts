import type { ResourceValidationPolicy } from "@pulumi/policy";
import { labelKeys } from "../../rollout/labels";
import { jobName } from "../../rollout/migrations";
import type { Release } from "../../rollout/release";
import type { JudgedChannel } from "./channel-judgement";
import type { Judgements } from "./judgements";
import { objectPolicy } from "./object-policy";
import { containersOf, types, workload } from "./objects";

const byDigest = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

/** What runs is what was judged: the very bytes, and those of the release that the object is labelled with. */
export function images(judgements: Judgements): ResourceValidationPolicy {
  return objectPolicy({
    name: "images",
    description: "Images are pinned by digest, and are those of the release.",
    of: [types.deployment, types.job],
    schema: workload,
    check: (object) => {
      const { labels } = object.metadata;
      const { passed } = judgements;
      const release = judgements.releaseOf(labels);
      const own =
        release === undefined ? null : { of: `release ${release.version}`, images: imagesOf(release) };
      const allowed = (passed === null ? null : jobImages(labels[labelKeys.run], passed)) ?? own;
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

/** Of a migration also where its release is gone; a backup's are the channel's own. Null for what is neither. */
function jobImages(
  label: string | undefined,
  { data: { migrations, companions }, configuration }: JudgedChannel,
): Allowed | null {
  const migration = migrations.find(({ run }) => jobName(run) === label)?.run;
  if (migration !== undefined) {
    const { spec, ledger } = migration;
    return { of: `the migration ${spec.id}`, images: listed(spec.image, ledger?.image) };
  }
  const companion = companions.find(({ run }) => run === label);
  if (companion?.job.kind !== "backup") return null;
  // One that is kept stays as it ran, whatever is configured by now.
  const image = configuration.channel.backup?.job?.image;
  return { of: "the channel's backup", images: companion.due ? listed(image) : null };
}

function imagesOf({ services, migrations, reconciliation, ledger }: Release): string[] {
  const declared = [...Object.values(services), ...migrations].map(({ image }) => image);
  return [...declared, ...listed(reconciliation?.image, ledger?.image)];
}

function listed(...some: (string | undefined)[]): string[] {
  return some.filter((image) => image !== undefined);
}
