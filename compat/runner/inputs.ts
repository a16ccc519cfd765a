import { dirname, resolve } from "node:path";
import { loadPolicies } from "../../config/load/policies";
import { UserError } from "../../config/load/problems";
import { loadRelease } from "../../config/load/release";
import { loadStackFile } from "../../config/load/stack-file";
import type { ChannelSection } from "../../config/schemas/channel";
import type { CompatMatrix } from "../../config/schemas/compat";
import { readFixture } from "../../observe/compat";
import { casesFor, type ResolvedCase } from "../../policies/gates/compat-cases";
import { declaredData } from "../../policies/gates/declared-data";
import { type Release, resolveRelease } from "../../rollout/release";
import type { CaseRun } from "./answer";

export interface MatrixRequest {
  projectDir: string;
  /** The stack's name. */
  channel: string;
  version: string;
  /** The live release; null as for a first install. */
  baseline: string | null;
  /** Matrix to use in place of the channel's own. */
  matrix?: string;
}

/** Everything a run needs, read and checked. */
export interface MatrixInputs {
  section: ChannelSection;
  matrix: CompatMatrix;
  candidate: Release;
  baseline: Release | null;
  cases: { resolved: ResolvedCase; run: CaseRun }[];
}

const defaultMatrix = "compat/matrix.yaml";

/** @throws {UserError} naming whatever is missing or wrong, before anything runs. */
export function readInputs(request: MatrixRequest): MatrixInputs {
  const { projectDir, version } = request;
  const { channel: own } = loadStackFile(projectDir, request.channel);
  const section = { ...own, compat: request.matrix ?? own.compat ?? defaultMatrix };
  const matrix = loadPolicies(projectDir, section).compat();
  if (matrix === null) throw new UserError("There is no compatibility matrix.");
  const release = (name: string) => resolveRelease(loadRelease(projectDir, section.releases, name), {});
  const candidate = release(version);
  const baseline = request.baseline === null ? null : release(request.baseline);
  const dataOf = (one: Release) => declaredData(one, section);
  const { cases, problems } = casesFor(matrix, { candidate, baseline, dataOf });
  const runs = cases.map((resolved) => {
    const content = readFixture(projectDir, section, resolved.fixture);
    if (content === null)
      problems.push(`case ${resolved.id}: its fixture ${resolved.fixture} cannot be read`);
    const file = resolve(projectDir, dirname(section.compat), resolved.fixture);
    const { id, image, command } = resolved;
    return { resolved, run: { id, image, command, file, content: content ?? Buffer.alloc(0) } };
  });
  if (problems.length > 0) {
    throw new UserError(
      [`The matrix ${section.compat} cannot be run for ${version}.`, ...problems].join("\n  "),
    );
  }
  return { section, matrix, candidate, baseline, cases: runs };
}
