import { z } from "zod";
import { dnsLabel } from "./names";

export const directions = ["N-1→N", "N→N", "N→N+1", "N+1→N"] as const;

const compatCase = z.strictObject({
  id: dnsLabel(40),
  direction: z.enum(directions),
  /** File or folder that is read, relative to the matrix. */
  fixture: z.string().min(1),
  /** Which release's image reads it. */
  reader: z.enum(["candidate", "baseline"]),
  service: dnsLabel(30),
  /** Prints `{"readable": boolean, "failedChecks": [string]}` as its last line; `{{fixture}}` is where the fixture is. */
  command: z.array(z.string().min(1)).min(1),
  expectReadable: z.boolean().default(true),
  expectedFailedChecks: z.array(z.string().min(1)).default([]),
});

/** `compat/matrix.yaml`: who must be able to read whose data. */
export const compatMatrix = z.strictObject({
  cases: z
    .array(compatCase)
    .min(1)
    .refine((cases) => directions.every((direction) => cases.some((one) => one.direction === direction)), {
      error: `expected at least one case of each direction: ${directions.join(", ")}`,
    })
    .refine((cases) => cases.some(({ expectReadable }) => !expectReadable), {
      error:
        "expected at least one case with expectReadable: false, so that a reader that never fails is found out",
    })
    .refine(
      (cases) =>
        cases.every(
          ({ expectReadable, expectedFailedChecks }) => expectReadable || expectedFailedChecks.length > 0,
        ),
      {
        error: "expected expectedFailedChecks where expectReadable is false",
      },
    ),
});
export type CompatMatrix = z.infer<typeof compatMatrix>;
