import { NoFigures, readLabelNames } from "./prometheus";

const metricOf = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)/;
const matcher = /([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g;

/**
 * A selector that matches nothing counts nothing: right for the failures of a healthy service, and the same as a
 * misspelt name. So the metric must be known to this Prometheus, and have every label that the selector asks for.
 * @throws {NoFigures} otherwise.
 */
export async function requireKnown(url: string, selector: string): Promise<void> {
  const metric = metricOf.exec(selector)?.[1];
  if (metric === undefined) {
    throw new NoFigures(
      `the selector of errors (${selector}) matches nothing and does not begin with a metric's name, so that nobody can tell whether it is right`,
    );
  }
  const labels = await readLabelNames(url, metric);
  if (labels.length === 0) {
    throw new NoFigures(
      `the metric ${metric} of the errors is not known to Prometheus at ${url}: no errors, or a wrong name?`,
    );
  }
  const asked = [...selector.slice(metric.length).matchAll(matcher)].map(([, label = ""]) => label);
  const missing = asked.filter((label) => !labels.includes(label));
  if (missing.length > 0) {
    throw new NoFigures(
      `the selector of errors asks for ${missing.join(", ")}, which ${metric} does not have (it has ${labels.join(", ")})`,
    );
  }
}
