import { z } from "zod";
import { NoAnswer, requestJson } from "./json-request";

const labels = z.record(z.string(), z.string());
const value = z.tuple([z.number(), z.string()]);

const success = z.object({
  status: z.literal("success"),
  data: z.unknown(),
  warnings: z.array(z.string()).optional(),
  /** VictoriaMetrics: some of its storage did not answer. */
  isPartial: z.boolean().optional(),
});
const failure = z.object({ status: z.literal("error"), error: z.string() });

const rangeVector = z.object({
  resultType: z.literal("matrix"),
  result: z.array(z.object({ metric: labels, values: z.array(value) })),
});
const instantVector = z.discriminatedUnion("resultType", [
  z.object({ resultType: z.literal("vector"), result: z.array(z.object({ metric: labels, value })) }),
  z.object({ resultType: z.literal("scalar"), result: value }),
]);

/** Raw samples of one counter, oldest first. */
export interface Series {
  labels: Readonly<Record<string, string>>;
  /** Unix time in seconds, value. */
  samples: readonly (readonly [number, number])[];
}

/** One value of an instant query; NaN where it is not a finite number. */
export interface Value {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** The metrics source did not give figures that can be relied on; the message says why. */
export class NoFigures extends Error {
  override readonly name = "NoFigures";
}

/**
 * Raw samples of a selector between two times.
 * @param fromSeconds Unix time @param toSeconds Unix time
 * @throws {NoFigures} when Prometheus cannot be reached, answers with an error, a warning or something else; so do
 * the others.
 */
export async function readSeries(
  url: string,
  selector: string,
  fromSeconds: number,
  toSeconds: number,
): Promise<Series[]> {
  const range = Math.max(1, Math.ceil(toSeconds - fromSeconds));
  const parameters = { query: `${selector}[${range}s]`, time: String(toSeconds) };
  const { result } = await ask(url, "query", parameters, rangeVector);
  return result.map(({ metric, values }) => ({
    labels: metric,
    samples: values.map(([time, value]) => [time, Number(value)] as const),
  }));
}

/** Evaluates PromQL at one time. */
export async function readValues(url: string, query: string, atSeconds: number): Promise<Value[]> {
  const answer = await ask(url, "query", { query, time: String(atSeconds) }, instantVector);
  if (answer.resultType === "scalar") return [{ labels: {}, value: Number(answer.result[1]) }];
  return answer.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** Names of all labels that series of this metric have or had; empty where nothing of that name is known. */
export function readLabelNames(url: string, metric: string): Promise<string[]> {
  return ask(url, "labels", { "match[]": metric }, z.array(z.string()));
}

/**
 * Figures come with warnings where something of them is missing, as of one store of several; without all of them
 * they say nothing. Infos are remarks on the query.
 */
async function ask<Schema extends z.ZodType>(
  url: string,
  endpoint: string,
  parameters: Record<string, string>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { status, body } = await requestJson("Prometheus", url, `api/v1/${endpoint}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
  }).catch((error) => {
    throw error instanceof NoAnswer ? new NoFigures(error.message) : error;
  });
  const failed = failure.safeParse(body);
  if (failed.success) throw new NoFigures(`Prometheus at ${url} answers: ${failed.data.error}`);
  const succeeded = success.safeParse(body);
  const data = schema.safeParse(succeeded.data?.data);
  if (status !== 200 || !succeeded.success || !data.success) {
    throw new NoFigures(`Prometheus at ${url} gave an answer that cannot be understood (HTTP ${status})`);
  }
  const { warnings = [], isPartial = false } = succeeded.data;
  if (warnings.length > 0) throw new NoFigures(`Prometheus at ${url} warns: ${warnings.join("; ")}`);
  if (isPartial) throw new NoFigures(`Prometheus at ${url} says that its answer is only a part`);
  return data.data;
}
