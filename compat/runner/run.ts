import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { reportPath, sha256 } from "../../observe/compat";
import { connect } from "../../observe/kubernetes";
import { type CompatAnswer, judgeAnswer } from "../../policies/gates/compat";
import type { ResolvedCase } from "../../policies/gates/compat-cases";
import type { CompatReport, CompatResult } from "../../policies/gates/input/compatibility";
import type { Release } from "../../rollout/release";
import type { CaseRun, Execute } from "./answer";
import { type MatrixInputs, type MatrixRequest, readInputs } from "./inputs";
import { kubernetesExecutor } from "./kubernetes";
import { localExecutor } from "./local";
import { Progress } from "./progress";

export interface RunRequest extends MatrixRequest {
  mode: CompatReport["mode"];
  /** Where the Jobs run; the channel's own namespace where it is left out. */
  namespace?: string;
  /** The report's file, relative to the project; else where the matrix says. */
  out?: string;
}

const atOnce = 4;

/**
 * Runs the releases' images on the fixtures and writes the report that the compat gate takes.
 * @returns whether every case is as expected
 * @throws {UserError} when it cannot be run; then no report is written.
 */
export async function runMatrix(request: RunRequest, interrupted: AbortSignal): Promise<boolean> {
  const inputs = readInputs(request);
  const progress = new Progress(inputs.cases.length);
  try {
    progress.say(headline(request, inputs));
    const { results, asExpected } = await runCases(inputs, executor(request, inputs), progress, interrupted);
    const file = request.out ?? reportPath(inputs.matrix, request.channel, request.version);
    const { candidate, baseline } = inputs;
    writeReport(resolve(request.projectDir, file), {
      schema: 1,
      generatedAt: new Date().toISOString(),
      mode: request.mode,
      candidate: identity(candidate),
      baseline: baseline === null ? null : identity(baseline),
      results,
    });
    progress.say(`The report is in ${file}.`);
    return asExpected;
  } finally {
    progress.end();
  }
}

function headline(
  { mode, channel }: RunRequest,
  { section, cases, candidate, baseline }: MatrixInputs,
): string {
  const over = baseline === null ? "as a first install (without --baseline)" : `over ${baseline.version}`;
  return `${section.compat}: ${cases.length} cases for ${candidate.version} ${over} in ${channel}, ${mode}`;
}

function executor({ mode, namespace }: RunRequest, { section, matrix }: MatrixInputs): Execute {
  if (mode === "local") return localExecutor(matrix);
  return kubernetesExecutor(connect(section.context), {
    namespace: namespace ?? section.namespace,
    deadlineSeconds: matrix.deadline,
  });
}

/** A few at a time; when one cannot run at all, those under way still tidy up before it is told. */
async function runCases(
  { cases }: MatrixInputs,
  execute: Execute,
  progress: Progress,
  interrupted: AbortSignal,
): Promise<{ results: CompatResult[]; asExpected: boolean }> {
  const stop = new AbortController();
  const signal = AbortSignal.any([interrupted, stop.signal]);
  const results: CompatResult[] = [];
  let asExpected = true;
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < cases.length; index = next++) {
      signal.throwIfAborted();
      const { resolved, run } = cases[index] as MatrixInputs["cases"][number];
      const answer = await execute(run, signal).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      });
      const finding = judgeAnswer(resolved, answer);
      asExpected &&= finding.status === "pass";
      results[index] = resultOf(resolved, run, answer);
      progress.done(finding);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  if (ends.some(({ status }) => status === "rejected")) throw signal.reason;
  return { results, asExpected };
}

function resultOf(one: ResolvedCase, run: CaseRun, answer: CompatAnswer): CompatResult {
  const { id, direction, service, command, image, fixture, expectReadable, expectedFailedChecks } = one;
  const fixtureSha256 = sha256(run.content);
  return {
    ...{ id, direction, service, command, image, fixture, fixtureSha256 },
    ...{ expectReadable, expectedFailedChecks },
    ...answer,
  };
}

function identity({ version, hash }: Release): { version: string; hash: string } {
  return { version, hash };
}

/** Whole or not at all: the gate may read at any time. */
function writeReport(path: string, report: CompatReport): void {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify(report, null, 2)}\n`);
  renameSync(partial, path);
}
