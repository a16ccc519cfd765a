import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { escapePath, glob } from "tinyglobby";
import type { AccessPolicy } from "../config/schemas/access";
import { type EvidenceKind, type EvidencePolicy, isCatalogueName } from "../config/schemas/evidence";
import type { EvidenceItem } from "../policies/gates/input/evidence";
import { applyingKinds, type EvidenceSubject, patternFor } from "../policies/gates/required-evidence";
import { type Validate, validatorOf } from "./catalogue";
import { checks } from "./checks";
import { conditionProblems } from "./conditions";
import { identityOf, missingIdentity, type ReportIdentity } from "./identity";
import { checkSignature } from "./signing";

export interface EvidenceSources {
  /** The project's folder, absolute. */
  projectDir: string;
  /** Read only where a kind has to be signed. */
  access(): AccessPolicy | null;
  now: Date;
}

/** A file that matches a kind's pattern: its bytes as they were read once, or why they could not be. */
interface Report {
  file: string;
  bytes: Buffer | null;
  document: unknown;
  identity: ReportIdentity;
  /** What already reading it has shown to be wrong. */
  problem: string | null;
}

/** How many of a report's problems are told. */
const toldProblems = 5;

/** What is in of every kind that applies to the release. */
export async function collectEvidence(
  policy: EvidencePolicy,
  subject: EvidenceSubject,
  sources: EvidenceSources,
): Promise<EvidenceItem[]> {
  const items: EvidenceItem[] = [];
  for (const [name, kind] of applyingKinds(policy, subject)) {
    items.push(await collectKind(name, kind, subject, sources));
  }
  return items;
}

async function collectKind(
  name: string,
  kind: EvidenceKind,
  subject: EvidenceSubject,
  sources: EvidenceSources,
): Promise<EvidenceItem> {
  const validate = validatorOf(kind.schema, sources.projectDir, name);
  const { reports, passedOver } = await readReports(kind, subject, sources.projectDir);
  const report = newest(reports);
  if (report === undefined) return { ...nothing, kind: name, ...(passedOver && { passedOver }) };
  const { file, bytes, identity } = report;
  const { baselineSha256, problems } = await contentProblems(report, kind, validate, sources);
  return {
    kind: name,
    file,
    sha256: bytes === null ? null : sha256(bytes),
    baselineSha256,
    producedAt: identity.producedAt ?? null,
    releaseCandidateId: identity.releaseCandidateId ?? null,
    correlationId: identity.correlationId ?? null,
    problems: shortened(problems),
    ...(await checkSigned(report, kind, sources)),
  };
}

const nothing: Omit<EvidenceItem, "kind"> = {
  file: null,
  sha256: null,
  baselineSha256: null,
  producedAt: null,
  releaseCandidateId: null,
  correlationId: null,
  problems: [],
  signature: "not-required",
  signatureProblem: null,
};

/** Every file that matches and is not another release's, and one that is. One at a time: there may be thousands. */
async function readReports(
  kind: EvidenceKind,
  subject: EvidenceSubject,
  projectDir: string,
): Promise<{ reports: Report[] } & Pick<EvidenceItem, "passedOver">> {
  const files = await glob(patternFor(kind, subject, escapePath), {
    cwd: projectDir,
    ignore: ["**/*.jws"],
    expandDirectories: false,
  });
  const reports: Report[] = [];
  let passedOver: EvidenceItem["passedOver"];
  for (const file of files.sort()) {
    const report = await readReport(projectDir, file);
    const of = otherRelease(report.identity, subject);
    if (of === null) reports.push(report);
    else passedOver = { file, of };
  }
  return { reports, passedOver };
}

/** Which other release a report is of; null where it is not known to be of another. */
function otherRelease({ version, hash }: ReportIdentity, { release }: EvidenceSubject): string | null {
  if (version !== undefined && version !== release.version) return version;
  return hash !== undefined && hash !== release.hash ? `another release file, sha256 ${hash}` : null;
}

async function readReport(projectDir: string, file: string): Promise<Report> {
  const broken = (bytes: Buffer | null, problem: string): Report => ({
    file,
    bytes,
    document: undefined,
    identity: {},
    problem,
  });
  let bytes: Buffer;
  try {
    bytes = await readFile(resolve(projectDir, file));
  } catch (error) {
    return broken(null, `cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  let document: unknown;
  try {
    // Leaves out a byte order mark, which some systems write, and refuses what is no UTF-8.
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return broken(bytes, "is not JSON in UTF-8; mend it, or remove it");
  }
  return { file, bytes, document, identity: identityOf(document), problem: null };
}

/** By the time in the report. What cannot be dated may be the newest, and must not be passed over. */
function newest(reports: readonly Report[]): Report | undefined {
  const time = ({ identity: { producedAt } }: Report) =>
    producedAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(producedAt);
  return reports.reduce<Report | undefined>(
    (best, report) => (best === undefined || time(report) >= time(best) ? report : best),
    undefined,
  );
}

async function contentProblems(
  { document, identity, problem }: Report,
  kind: EvidenceKind,
  validate: Validate,
  { projectDir, now }: EvidenceSources,
): Promise<Pick<EvidenceItem, "baselineSha256" | "problems">> {
  if (problem !== null) return { baselineSha256: null, problems: [problem] };
  const missing = missingIdentity(document, identity);
  const invalid = missing.length > 0 ? missing : validate(document);
  if (invalid.length > 0) return { baselineSha256: null, problems: invalid };
  const conditions = conditionProblems(document, kind.conditions);
  const check = isCatalogueName(kind.schema) ? checks[kind.schema] : undefined;
  if (kind.baseline === undefined) {
    return {
      baselineSha256: null,
      problems: [...(check?.(document, { now, baseline: null }) ?? []), ...conditions],
    };
  }
  const baseline = await readReport(projectDir, kind.baseline);
  const broken = baseline.problem ?? validate(baseline.document)[0];
  if (baseline.bytes === null || broken !== undefined) {
    return {
      baselineSha256: null,
      problems: [
        `cannot be compared: its baseline ${kind.baseline} ${broken}. It has to be a report that was accepted`,
        ...conditions,
      ],
    };
  }
  return {
    baselineSha256: sha256(baseline.bytes),
    problems: [...(check?.(document, { now, baseline: baseline.document }) ?? []), ...conditions],
  };
}

/** The detached signature beside a report, over the very bytes that were read. */
async function checkSigned(
  { file, bytes }: Report,
  { signedBy }: EvidenceKind,
  { projectDir, access }: EvidenceSources,
): Promise<Pick<EvidenceItem, "signature" | "signatureProblem">> {
  if (signedBy === undefined) return { signature: "not-required", signatureProblem: null };
  const wrong = (signatureProblem: string) => ({ signature: "wrong" as const, signatureProblem });
  let token: string;
  try {
    token = (await readFile(resolve(projectDir, `${file}.jws`), "utf8")).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { signature: "missing", signatureProblem: null };
    return wrong(`${file}.jws cannot be read: ${code}`);
  }
  const people = access();
  if (people === null) return wrong("no access file says who is who (key channel.access)");
  const checked = await checkSignature(token, people, bytes ?? Buffer.alloc(0));
  if (checked.status === "wrong") return wrong(checked.problem);
  const { by, roles } = checked.signer;
  if (signedBy.some((role) => roles.includes(role))) return { signature: "valid", signatureProblem: null };
  return wrong(`${by} signed it, who is ${roles.join(", ") || "nothing"}, and not ${signedBy.join(" or ")}`);
}

function shortened(problems: readonly string[]): string[] {
  const more = problems.length - toldProblems;
  return more <= 0 ? [...problems] : [...problems.slice(0, toldProblems), `and ${more} more`];
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
