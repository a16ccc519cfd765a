import { readdirSync } from "node:fs";
import { join } from "node:path";
import { check, readYaml } from "../../config/load/yaml";
import type { ChannelSection } from "../../config/schemas/channel";
import { evidencePolicy } from "../../config/schemas/evidence";
import { sloPolicy } from "../../config/schemas/slo";
import { declaredData } from "../../policies/gates/declared-data";
import { type GateInput, judged, type Snapshot } from "../../policies/gates/input";
import type { CompatSource } from "../../policies/gates/input/compatibility";
import type { EvidenceItem } from "../../policies/gates/input/evidence";
import { notConfigured } from "../../policies/gates/input/source";
import { type JobObservation, reconciliationName } from "../../rollout/data-jobs";
import { jobName } from "../../rollout/migrations";
import type { ChannelRecord, Position } from "../../rollout/record";
import { type Release, resolveRelease } from "../../rollout/release";
import {
  aFile,
  apiAndWorker,
  at,
  completed,
  liveAt,
  nothingLive,
  recordOf,
  rolledBack,
  rolling,
  steady,
  third,
} from "../rollout/releases";
import {
  type GateCase,
  gateCase,
  type ReleaseParts,
  type Remembered,
  type SnapshotPatch,
  type transitionNames,
} from "./case-format";
import * as compat from "./compat-reports";
import { approvalBy, governed, overrideBy } from "./governance";
import { migrationsOf } from "./releases-of-data";
import { aChannel, type Healthy, healthy, transition } from "./transitions";

interface Releases {
  candidate: Release;
  baseline: Release;
}

interface Step {
  kind: GateInput["kind"];
  from: Position | null;
  to: Position;
}

/** Where each transition comes from and goes to, of a candidate and a baseline. */
const steps: Record<(typeof transitionNames)[number], (next: Release, old: Release) => Step> = {
  install: (next) => ({ kind: "install", from: null, to: steady(next) }),
  "start-at-10": (next, old) => ({ kind: "start", from: steady(old), to: rolling(10, next, old) }),
  "again-from-0-to-10": (next, old) => raise(rolling(0, next, old), rolling(10, next, old)),
  "advance-to-30": (next, old) => raise(rolling(10, next, old), rolling(30, next, old)),
  "advance-to-100": (next, old) => raise(rolling(30, next, old), completed(next, old)),
  finalize: (next, old) => ({ kind: "finalize", from: completed(next, old), to: steady(next) }),
  "clear-away": (next, old) => ({ kind: "finalize", from: rolledBack(next, old), to: steady(old) }),
  contract: (next) => ({ kind: "finalize", from: steady(next), to: steady(next) }),
  rollback: (next, old) => ({ kind: "rollback", from: rolling(30, next, old), to: rolledBack(next, old) }),
  correct: (next, old) => ({ kind: "correct", from: rolling(30, next, old), to: rolling(5, next, old) }),
};

const raise = (from: Position, to: Position): Step => ({ kind: "advance", from, to });

/**
 * The cases of one gate: inputs that open it or leave it aside, and inputs that close it. `{{candidate.hash}}`,
 * `{{candidate.id}}` and those of the baseline are replaced.
 * @throws where a file has a key that nobody knows, naming file, line and key.
 */
export function casesOf(gate: string, folder: "good" | "bad"): [file: string, one: GateCase][] {
  const path = join("test/gates", gate, folder);
  return readdirSync(path)
    .sort()
    .map((name) => {
      const source = readYaml(join(path, name), join(path, name), "it is a case");
      const releases = releasesOf(check(gateCase, source.value, source));
      return [name, check(gateCase, named(source.value, releases), source)];
    });
}

/** With the names of the releases in it, also in keys. */
function named(value: unknown, releases: Releases): unknown {
  if (typeof value === "string") {
    return value.replaceAll(
      /{{(candidate|baseline)\.(hash|id)}}/g,
      (_, side: keyof Releases, part: "hash" | "id") => releases[side][part],
    );
  }
  if (Array.isArray(value)) return value.map((item) => named(item, releases));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [named(key, releases), named(item, releases)]),
  );
}

/** What the gates are given of a case. */
export function inputOf(one: GateCase): GateInput {
  const { channel, record, slo, evidence, compat: matrix, snapshot, ...scalars } = one.input;
  const releases = releasesOf(one);
  const step = steps[one.of](releases.candidate, releases.baseline);
  const section = aChannel(channel);
  const remembers =
    step.from === null || record === undefined
      ? {}
      : { record: recordOf(step.from, memoryOf(record, releases.candidate)) };
  return transition({
    ...step,
    ...remembers,
    channel: section,
    ...(slo === undefined ? {} : { slo: sloPolicy.parse(slo) }),
    ...(evidence === undefined ? {} : { evidence: evidencePolicy.parse(evidence) }),
    ...(matrix === undefined ? {} : { compat: compat.matrix }),
    ...scalars,
    snapshot: snapshotOf(snapshot, { ...releases, step, channel: section }),
  });
}

function memoryOf({ began, ...record }: Remembered, candidate: Release): Partial<ChannelRecord> {
  const migrations = began?.map((id) => ({
    release: candidate.id,
    version: candidate.version,
    direction: "up",
    attempt: 1,
    step: "alongside",
    spec: candidate.migrations.find((spec) => spec.id === id),
  }));
  return { ...record, ...(migrations === undefined ? {} : { migrations }) } as Partial<ChannelRecord>;
}

function jobOf(
  { of, ...job }: NonNullable<SnapshotPatch["jobs"]>[number],
  candidate: Release,
): JobObservation {
  const [, stage] = /^reconciliation at (\d+)$/.exec(of) ?? [];
  const run =
    stage === undefined
      ? jobName({ release: candidate.id, direction: "up", attempt: 1, spec: { id: of } })
      : reconciliationName(candidate, Number(stage), 1);
  return { run, ...job };
}

function releasesOf({ releases }: GateCase): Releases {
  return {
    candidate: aReleaseOf({ version: "1.1.0", ...releases.candidate }),
    baseline: aReleaseOf({ version: "1.0.0", ...releases.baseline }),
  };
}

function aReleaseOf({ version = "", services, overlay, migrations, ...more }: ReleaseParts): Release {
  const file = aFile(version, services ?? apiAndWorker, { ...more, migrations: migrationsOf(migrations) });
  return resolveRelease(file, overlay);
}

/** What a snapshot depends on. */
interface Situation extends Releases {
  step: Step;
  channel: ChannelSection;
}

function snapshotOf(patch: SnapshotPatch, situation: Situation): Partial<Snapshot> {
  const { promotion, compat: ran, evidence, governance, live, jobs, ...whole } = patch;
  const observed = { ...(situation.step.from === null ? nothingLive : liveAt(situation.step.from)), ...live };
  return {
    ...(whole as Partial<Snapshot>),
    live: {
      ...observed,
      ...(jobs === undefined ? {} : { jobs: jobs.map((job) => jobOf(job, situation.candidate)) }),
    } as Snapshot["live"],
    ...(promotion === undefined ? {} : { promotion: promotionOf(promotion, situation) }),
    ...(ran === undefined ? {} : { compat: compatOf(ran, situation) }),
    ...(evidence === undefined ? {} : { evidence: evidenceOf(evidence) }),
    ...(governance === undefined ? {} : { governance: governanceOf(governance, judged(situation.step)) }),
  };
}

function promotionOf(
  source: NonNullable<SnapshotPatch["promotion"]>,
  { candidate, baseline }: Releases,
): Snapshot["promotion"] {
  if (source.status !== "known") return source;
  if (source.record === null) return { status: "known", record: null, health: notConfigured };
  const { version, hash } = candidate;
  const remembers = { completed: [{ version, hash, at: at(0) }], ...source.record };
  const position = source.wentOn ? steady(third) : completed(candidate, baseline);
  const record = recordOf(position, memoryOf(remembers, candidate));
  if (source.health.status !== "known") return { status: "known", record, health: source.health };
  const { slo, services, incidentPolicy, incidents } = source.health;
  return {
    status: "known",
    record,
    health: healthy({
      ...(slo === undefined ? {} : { slo: sloPolicy.parse(slo) }),
      ...(services === undefined ? {} : { services: services as Healthy["services"] }),
      ...(incidentPolicy === undefined
        ? {}
        : { incidentPolicy: aChannel({ incidents: incidentPolicy as never }).incidents }),
      ...(incidents === undefined ? {} : { incidents: incidents as Healthy["incidents"] }),
    }),
  };
}

function compatOf(
  source: NonNullable<SnapshotPatch["compat"]>,
  { candidate, baseline, step, channel }: Situation,
): CompatSource {
  if (source.status !== "known") return source;
  const before = step.kind === "install" ? null : baseline;
  const made = compat.report(candidate, before, (release) => declaredData(release, channel));
  const results = made.results
    .filter(({ id }) => !source.notRun.includes(id))
    .map((result) => ({ ...result, ...source.results[result.id] }));
  const fixtures = Object.entries({ ...compat.fixtures, ...source.fixtures }).filter(
    ([, sha256]) => sha256 !== null,
  );
  return compat.known({ ...made, ...source.madeFor, results }, { fixtures: Object.fromEntries(fixtures) });
}

function evidenceOf(source: NonNullable<SnapshotPatch["evidence"]>): Snapshot["evidence"] {
  if (source.status !== "known") return source;
  return { status: "known", items: source.items.map(reportInOrder) };
}

/** Made half an hour before it is looked at, and nothing to be said against it. */
export function reportInOrder(more: Partial<EvidenceItem> & { kind: string }): EvidenceItem {
  return {
    file: `${more.kind}.json`,
    sha256: "a".repeat(64),
    baselineSha256: null,
    producedAt: at(1800),
    releaseCandidateId: "rc-1",
    correlationId: "run-1",
    problems: [],
    signature: "not-required",
    signatureProblem: null,
    ...more,
  };
}

function governanceOf(
  source: NonNullable<SnapshotPatch["governance"]>,
  { version, hash }: Release,
): Snapshot["governance"] {
  if (source.status !== "known") return source;
  return governed({
    approvals: source.approvals.map((one) => approvalBy({ version, hash, ...one })),
    overrides: source.overrides.map((one) => overrideBy({ version, hash, ...one })),
    rejected: source.rejected as { file: string; problem: string }[],
  });
}
