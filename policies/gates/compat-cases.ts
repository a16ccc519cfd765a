import type { CompatCase, CompatMatrix } from "../../config/schemas/compat";
import type { DataSpec } from "../../config/schemas/release";
import type { Release } from "../../rollout/release";

/** The two releases that a matrix is run for. */
export interface CompatPair {
  candidate: Release;
  /** Null at a first install: there is nothing to upgrade from or to go back to. */
  baseline: Release | null;
  dataOf(release: Release): DataSpec | undefined;
}

/** A case with everything filled in that depends on the releases. */
export interface ResolvedCase extends CompatCase {
  /** `registry/name@sha256:…` of the release that reads. */
  image: string;
}

/** The cases that apply to these releases; `problems` are cases that cannot be run for them. */
export function casesFor(
  { cases }: CompatMatrix,
  pair: CompatPair,
): { cases: ResolvedCase[]; problems: string[] } {
  const resolved: ResolvedCase[] = [];
  const problems: string[] = [];
  for (const one of cases) {
    if (pair.baseline === null && needsBaseline(one)) continue;
    const result = resolve(one, pair);
    if (typeof result === "string") problems.push(`case ${one.id}: ${result}`);
    else resolved.push(result);
  }
  return { cases: resolved, problems };
}

function needsBaseline({ direction, fixture }: CompatCase): boolean {
  return direction === "N-1→N" || direction === "N+1→N" || fixture.includes("{{baseline.");
}

function resolve(one: CompatCase, { candidate, baseline, dataOf }: CompatPair): ResolvedCase | string {
  // The way back is what the baseline has to read; everything else is the candidate's.
  const reader = one.direction === "N+1→N" && baseline !== null ? baseline : candidate;
  const image = reader.services[one.service]?.image;
  if (image === undefined) return `${reader.version} has no service ${one.service}`;
  let fixture = one.fixture;
  for (const [side, release] of Object.entries({ baseline, candidate })) {
    if (!fixture.includes(`{{${side}.`)) continue;
    const data = release === null ? undefined : dataOf(release);
    if (data === undefined)
      return `${release?.version} does not declare \`data\`, and its fixture is named by it`;
    fixture = fixture
      .replaceAll(`{{${side}.writes}}`, String(data.writes))
      .replaceAll(`{{${side}.next}}`, String(data.next ?? data.writes + 1));
  }
  return { ...one, fixture, image };
}
