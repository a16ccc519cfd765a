import { z } from "zod";
import type { CompatAnswer } from "../../policies/gates/compat";

/** One case, ready to run. */
export interface CaseRun {
  id: string;
  /** `registry/name@sha256:…` */
  image: string;
  /** Words of the command; `{{fixture}}` is still to be filled in. */
  command: readonly string[];
  /** The fixture here, absolute. */
  file: string;
  content: Buffer;
}

/** Runs one case. Everything the reader says or fails to say is an answer; it throws only where nothing can run. */
export type Execute = (run: CaseRun, interrupted: AbortSignal) => Promise<CompatAnswer>;

const spoken = z.object({ readable: z.boolean(), failedChecks: z.array(z.string()) });

export function noAnswer(problem: string): CompatAnswer {
  return { readable: false, failedChecks: [], problem };
}

/** What a reader says is its last line; a log before it does not matter. */
export function parseAnswer(output: string): CompatAnswer {
  const last = output
    .split("\n")
    .map((line) => line.trim())
    .findLast((line) => line !== "");
  if (last === undefined) return noAnswer("the reader printed nothing");
  try {
    return { ...spoken.parse(JSON.parse(last)), problem: null };
  } catch {
    const shown = last.length > 300 ? `${last.slice(0, 297)}…` : last;
    return noAnswer(
      `the reader's last line is not {"readable": …, "failedChecks": […]}, but ${JSON.stringify(shown)}`,
    );
  }
}

/** Where a container sees the fixture. */
export function mountedPath(fileName: string): string {
  return `/fixture/${fileName}`;
}
