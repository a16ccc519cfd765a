import { relative, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { inOneLine, UserError } from "../config/load/problems";
import { check, readYaml } from "../config/load/yaml";
import { type LoadProbeReport, loadProbeReport, type Probed } from "../config/schemas/load-probe";
import type { SloPolicy } from "../config/schemas/slo";
import type { ServiceObservation } from "../policies/gates/input";
import type { Release } from "../rollout/release";
import { NoFigures } from "./prometheus";

interface Place {
  channelName: string;
  projectDir: string;
  now: Date;
}

interface FoundReport extends LoadProbeReport {
  file: string;
}

/** What the latest load-probe report of the candidate says of each service that has objectives. */
export function observeLoadProbe(
  policy: SloPolicy,
  releases: { candidate: Release; baseline: Release },
  place: Place,
): Record<string, ServiceObservation> {
  const services = Object.keys(policy.services).filter(
    (name) => releases.candidate.services[name] !== undefined,
  );
  const of = (observe: (service: string) => ServiceObservation) =>
    Object.fromEntries(services.map((service) => [service, observe(service)]));
  try {
    const { file, candidate, baseline } = latestReport(policy, releases.candidate, place);
    const compared = baseline !== undefined && isOf(baseline, releases.baseline) ? baseline : null;
    return of((service) => {
      const counts = candidate.services[service];
      return counts === undefined
        ? { candidate: null, baseline: null, problem: `${file} says nothing of this service` }
        : { candidate: counts, baseline: compared?.services[service] ?? null, problem: null };
    });
  } catch (error) {
    if (!(error instanceof NoFigures)) throw error;
    return of(() => ({ candidate: null, baseline: null, problem: error.message }));
  }
}

/** @throws {NoFigures} when there is none for this release, or it is too old, or not valid. */
function latestReport({ quick }: SloPolicy, release: Release, place: Place): FoundReport {
  if (quick === undefined)
    throw new NoFigures("no load-probe reports are configured (field quick of the SLO policy)");
  const { projectDir, channelName, now } = place;
  const pattern = quick.reports
    .replaceAll("{{version}}", release.version)
    .replaceAll("{{release}}", release.id)
    .replaceAll("{{channel}}", channelName);
  const reports = globSync(pattern, { cwd: projectDir, absolute: true, expandDirectories: false }).map(
    (path) => readReport(path, relative(resolve(projectDir), path)),
  );
  const latest = reports
    .filter(({ candidate }) => isOf(candidate, release))
    .reduce<FoundReport | null>(
      (newest, report) =>
        newest !== null && Date.parse(newest.producedAt) >= Date.parse(report.producedAt) ? newest : report,
      null,
    );
  if (latest === null) {
    throw new NoFigures(
      `of ${reports.length} load-probe reports (${pattern}) none is of ${release.version} (${release.id}); probe it and write one`,
    );
  }
  const age = (now.getTime() - Date.parse(latest.producedAt)) / 1000;
  const maxAge = Math.min(quick.maxAge, latest.maxAge ?? quick.maxAge);
  if (age > maxAge) {
    throw new NoFigures(`${latest.file} is ${Math.round(age)} s old; it counts for ${maxAge} s`);
  }
  if (age < -clockSkewSeconds)
    throw new NoFigures(`${latest.file} comes from the future (${latest.producedAt})`);
  return latest;
}

/** How far the clocks of two machines may be apart. */
const clockSkewSeconds = 60;

/** JSON is YAML, so that a mistake in it is told with its line. */
function readReport(path: string, file: string): FoundReport {
  try {
    const source = readYaml(path, file, "it is a load-probe report");
    return { file, ...check(loadProbeReport, source.value, source) };
  } catch (error) {
    if (error instanceof UserError) throw new NoFigures(inOneLine(error));
    throw error;
  }
}

/** By everything the report says of it. */
function isOf({ version, hash, releaseId }: Probed, release: Release): boolean {
  return (
    version === release.version &&
    (hash === undefined || hash === release.hash) &&
    (releaseId === undefined || releaseId === release.id)
  );
}
