import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { Release } from "../../rollout/release";
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
      const release = judgements.releaseOf(object.metadata.labels);
      return containersOf(object).flatMap(({ name, image }) => {
        if (!byDigest.test(image)) return [`container ${name}: ${image} is not pinned by digest`];
        if (release && !imagesOf(release).includes(image)) {
          return [`container ${name}: ${image} is not an image of release ${release.version}`];
        }
        return [];
      });
    },
  });
}

function imagesOf({ services, migrations }: Release): string[] {
  return [...Object.values(services), ...migrations].map(({ image }) => image);
}
