import type { Check } from "./check";

interface Ids {
  release_candidate_id: string;
  correlation_id: string;
}

interface Correlation extends Ids {
  documents: (Ids & { file: string })[];
}

/** Whatever was written about the candidate carries the ids of this report. */
export const correlation: Check<Correlation> = ({ documents, ...own }) =>
  documents.flatMap(({ file, ...ids }) =>
    (["release_candidate_id", "correlation_id"] as const)
      .filter((id) => ids[id] !== own[id])
      .map((id) => `${file} has the ${id} ${ids[id]}, and not ${own[id]}`),
  );
