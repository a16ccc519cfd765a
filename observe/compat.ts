import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { ChannelSection } from "../config/schemas/channel";
import type { CompatMatrix } from "../config/schemas/compat";
import { casesFor } from "../policies/gates/compat-cases";
import { declaredData } from "../policies/gates/declared-data";
import { bringsIn } from "../policies/gates/findings";
import { judged } from "../policies/gates/input";
import { type CompatReport, type CompatSource, compatReport } from "../policies/gates/input/compatibility";
import { notConfigured } from "../policies/gates/input/source";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

/** The report of the compatibility matrix for the judged release, and the fixtures as they are on disk now. */
export async function observeCompat(
  transition: JudgedTransition,
  { channel, channelName, policies, projectDir }: SnapshotSources,
): Promise<CompatSource> {
  if (channel.compat === undefined || !bringsIn(transition)) return notConfigured;
  const matrix = policies.compat();
  if (matrix === null) return notConfigured;
  const candidate = judged(transition);
  const file = reportPath(matrix, channelName, candidate.version);
  let content: Buffer;
  try {
    content = readFileSync(resolve(projectDir, file));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const problem = missing
      ? `there is no report of the compatibility matrix (${file})`
      : `the report of the compatibility matrix cannot be read (${(error as Error).message})`;
    return { status: "unavailable", problem };
  }
  const report = parseReport(content.toString());
  if (typeof report === "string") {
    return { status: "unavailable", problem: `the report ${file} is not valid (${report})` };
  }
  const { cases } = casesFor(matrix, {
    candidate,
    baseline: transition.to.candidate === null ? null : transition.to.baseline,
    dataOf: (release) => declaredData(release, channel),
  });
  const fixtures = [...new Set(cases.map(({ fixture }) => fixture))].flatMap((fixture) => {
    const read = readFixture(projectDir, channel, fixture);
    return read === null ? [] : [[fixture, sha256(read)]];
  });
  return { status: "known", file, sha256: sha256(content), report, fixtures: Object.fromEntries(fixtures) };
}

/** Path of the report, relative to the project. */
export function reportPath(
  { report }: Pick<CompatMatrix, "report">,
  channel: string,
  version: string,
): string {
  return report.replaceAll("{{channel}}", channel).replaceAll("{{version}}", version);
}

/** Content of a fixture, whose path is relative to the matrix; null where it cannot be read. */
export function readFixture(
  projectDir: string,
  { compat = "" }: Pick<ChannelSection, "compat">,
  fixture: string,
): Buffer | null {
  try {
    return readFileSync(resolve(projectDir, dirname(compat), fixture));
  } catch {
    return null;
  }
}

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The report, or what is wrong with it. */
function parseReport(text: string): CompatReport | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return (error as Error).message;
  }
  const result = compatReport.safeParse(value);
  return result.success ? result.data : z.prettifyError(result.error).replaceAll(/\s*\n\s*/g, " ");
}
