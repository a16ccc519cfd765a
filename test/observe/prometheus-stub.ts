import { text } from "node:stream/consumers";
import type { Servers } from "./servers";

/** Samples of one series: Unix time in seconds, value. */
export type Samples = [number, string][];

export interface StubSeries {
  labels?: Record<string, string>;
  values: Samples;
}

/** First entry whose texts the query contains → what is answered. */
type Known = [contains: string[], series: StubSeries[]][];

export interface Stub {
  url: string;
  queries: string[];
}

/** A Prometheus that knows these series, and these labels of each metric. */
export function prometheusKnowing(
  servers: Servers,
  known: Known,
  labels: Record<string, string[]> = {},
): Promise<Stub> {
  return prometheus(servers, labels, (query) => {
    const [, series = []] = known.find(([parts]) => parts.every((part) => query.includes(part))) ?? [];
    return {
      resultType: "matrix",
      result: series.map(({ labels: metric = {}, values }) => ({ metric, values })),
    };
  });
}

/** A Prometheus that answers every query with these values. */
export function prometheusAnswering(
  servers: Servers,
  values: { labels?: Record<string, string>; value: string }[] | ((query: string) => unknown),
  labels: Record<string, string[]> = {},
): Promise<Stub> {
  if (typeof values === "function") return prometheus(servers, labels, values);
  const result = values.map(({ labels: metric = {}, value }) => ({ metric, value: [0, value] }));
  return prometheus(servers, labels, () => ({ resultType: "vector", result }));
}

async function prometheus(
  servers: Servers,
  labels: Record<string, string[]>,
  answerTo: (query: string) => unknown,
): Promise<Stub> {
  const queries: string[] = [];
  const url = await servers.start(async (request, response) => {
    const asked = new URLSearchParams(await text(request));
    const answer = (data: unknown) => response.end(JSON.stringify({ status: "success", data }));
    if (request.url === "/api/v1/labels") {
      answer(labels[asked.get("match[]") ?? ""] ?? []);
      return;
    }
    const query = asked.get("query") ?? "";
    queries.push(query);
    answer(answerTo(query));
  });
  return { url, queries };
}
