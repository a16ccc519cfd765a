import { z } from "zod";

const requestTimeoutMilliseconds = 5_000;

const rangeVector = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
  warnings: z.array(z.string()).optional(),
});

const failure = z.object({ status: z.literal("error"), error: z.string() });

/** Raw samples of one counter, oldest first. */
export interface Series {
  labels: Readonly<Record<string, string>>;
  /** Unix time in seconds, value. */
  samples: readonly (readonly [number, number])[];
}

/** The metrics source did not give figures that can be relied on; the message says why. */
export class NoFigures extends Error {
  override readonly name = "NoFigures";
}

/**
 * Raw samples of a selector between two times.
 * @param fromSeconds Unix time @param toSeconds Unix time
 * @throws {NoFigures} when Prometheus cannot be reached, answers with an error, a warning or something else.
 */
export async function readSeries(
  url: string,
  selector: string,
  fromSeconds: number,
  toSeconds: number,
): Promise<Series[]> {
  const range = Math.max(1, Math.ceil(toSeconds - fromSeconds));
  let answer: unknown;
  try {
    const response = await fetch(new URL("api/v1/query", url.endsWith("/") ? url : `${url}/`), {
      method: "POST",
      body: new URLSearchParams({ query: `${selector}[${range}s]`, time: String(toSeconds) }),
      signal: AbortSignal.timeout(requestTimeoutMilliseconds),
    });
    answer = await response.json();
  } catch (error) {
    const { message, cause } = error as Error;
    throw new NoFigures(
      `Prometheus at ${url} cannot be read: ${cause instanceof Error ? cause.message : message}`,
    );
  }
  const failed = failure.safeParse(answer);
  if (failed.success) throw new NoFigures(`Prometheus at ${url} answers: ${failed.data.error}`);
  const parsed = rangeVector.safeParse(answer);
  if (!parsed.success) throw new NoFigures(`Prometheus at ${url} gave an answer that cannot be understood`);
  const { data, warnings = [] } = parsed.data;
  if (warnings.length > 0) throw new NoFigures(`Prometheus at ${url} warns: ${warnings.join("; ")}`);
  return data.result.map(({ metric, values }) => ({
    labels: metric,
    samples: values.map(([time, value]) => [time, Number(value)] as const),
  }));
}
