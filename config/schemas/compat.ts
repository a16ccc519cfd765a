import { z } from "zod";
import { durationSeconds } from "./duration";
import { dnsLabel } from "./names";

/**
 * Who reads whose data, N being the candidate: what the baseline wrote (N-1→N), what it writes itself (N→N), what
 * the next release is going to write (N→N+1); and the way back: the baseline reads what the candidate wrote (N+1→N).
 */
export const directions = ["N-1→N", "N→N", "N→N+1", "N+1→N"] as const;
export type Direction = (typeof directions)[number];

const fixturePlaceholders = ["{{baseline.writes}}", "{{candidate.writes}}", "{{candidate.next}}"];

const compatCase = z
  .strictObject({
    id: dnsLabel(40),
    direction: z.enum(directions),
    /**
     * File that is read, relative to the matrix. `{{baseline.writes}}`, `{{candidate.writes}}` and
     * `{{candidate.next}}` become the numbers that the releases declare under `data`.
     */
    fixture: z
      .string()
      .min(1)
      .refine((path) => unknownPlaceholders(path, fixturePlaceholders).length === 0, {
        error: `expected no other placeholders than ${fixturePlaceholders.join(", ")}`,
      }),
    /** The service whose image reads it. */
    service: dnsLabel(30),
    /** Prints `{"readable": boolean, "failedChecks": [string]}` as its last line; `{{fixture}}` is where the file is. */
    command: z
      .array(z.string().min(1))
      .min(1)
      .refine((words) => words.some((word) => word.includes("{{fixture}}")), {
        error: "expected {{fixture}} in it, which becomes the path of the file to read",
      }),
    expectReadable: z.boolean().default(true),
    /** Exactly these, in any order. */
    expectedFailedChecks: z.array(z.string().min(1)).default([]),
  })
  .superRefine(({ expectReadable, expectedFailedChecks }, context) => {
    if (expectReadable === (expectedFailedChecks.length === 0)) return;
    context.addIssue({
      code: "custom",
      path: ["expectedFailedChecks"],
      message: "expected the failed checks where expectReadable is false, and none where it is true",
      input: expectedFailedChecks,
    });
  });
export type CompatCase = z.infer<typeof compatCase>;

/** `compat/matrix.yaml`: who must be able to read whose data. */
export const compatMatrix = z.strictObject({
  /** The runner's report, relative to the project; `{{channel}}` and `{{version}}` are replaced. */
  report: z
    .string()
    .min(1)
    .default("reports/compat/{{channel}}/{{version}}.json")
    .refine((path) => unknownPlaceholders(path, ["{{channel}}", "{{version}}"]).length === 0, {
      error: "expected no other placeholders than {{channel}} and {{version}}",
    }),
  /** Longest time one case may take, pulling its image included. */
  deadline: durationSeconds.default(120),
  /**
   * Runs an image on this machine (`--mode local`), words of a command: `{{image}}`; `{{file}}`, the fixture here,
   * and `{{mounted}}`, where the container sees it; `{{program}}` and `{{arguments}}` of the case's command.
   */
  local: z
    .array(z.string().min(1))
    .min(1)
    .default([
      ...["docker", "run", "--rm", "--network=none", "--read-only", "--cap-drop=ALL", "--memory=512m"],
      ...["--volume={{file}}:{{mounted}}:ro", "--entrypoint={{program}}", "{{image}}", "{{arguments}}"],
    ]),
  cases: z
    .array(compatCase)
    .refine((cases) => new Set(cases.map(({ id }) => id)).size === cases.length, {
      error: "expected each id once",
    })
    .refine((cases) => directions.every((direction) => cases.some((one) => one.direction === direction)), {
      error: `expected at least one case of each direction: ${directions.join(", ")}`,
    })
    .refine((cases) => cases.some(({ expectReadable }) => !expectReadable), {
      error:
        "expected at least one case with expectReadable: false, so that a reader that never fails is found out",
    }),
});
export type CompatMatrix = z.infer<typeof compatMatrix>;

function unknownPlaceholders(text: string, known: readonly string[]): string[] {
  return (text.match(/\{\{.*?\}\}/g) ?? []).filter((placeholder) => !known.includes(placeholder));
}
