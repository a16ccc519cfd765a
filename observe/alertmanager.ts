import { z } from "zod";
import type { ChannelSection } from "../config/schemas/channel";
import type { IncidentSource } from "../policies/gates/input/metrics";
import { NoAnswer, requestJson } from "./json-request";

type Alertmanager = NonNullable<NonNullable<ChannelSection["incidents"]>["alertmanager"]>;
type Alerts = Extract<IncidentSource, { status: "known" }>["alerts"];

const labels = z.record(z.string(), z.string());

/** Of `gettableAlerts` in Alertmanager's api/v2/openapi.yaml, what is needed here. */
const gettableAlerts = z.array(
  z.object({ labels, annotations: labels, startsAt: z.iso.datetime({ offset: true }) }),
);

/** Silenced and inhibited alerts are somebody's decision, and left out. */
const onlyActive = new URLSearchParams({ active: "true", silenced: "false", inhibited: "false" });

/**
 * Alerts that are active now and have all the labels asked for.
 * @throws {NoAnswer} when Alertmanager says nothing that can be relied on, or its watchdog is missing.
 */
export async function readAlerts({ url, labels: wanted, watchdog }: Alertmanager): Promise<Alerts> {
  const { status, body } = await requestJson("Alertmanager", url, `api/v2/alerts?${onlyActive}`);
  const parsed = gettableAlerts.safeParse(body);
  if (status !== 200 || !parsed.success) {
    throw new NoAnswer(`Alertmanager at ${url} gave an answer that cannot be understood (HTTP ${status})`);
  }
  const alerts = parsed.data;
  if (watchdog !== undefined && !alerts.some(({ labels }) => labels.alertname === watchdog)) {
    throw new NoAnswer(
      `Alertmanager at ${url} does not have the alert ${watchdog}, which always fires: alerts do not arrive there`,
    );
  }
  return alerts
    .filter(({ labels }) => Object.entries(wanted).every(([name, value]) => labels[name] === value))
    .map(({ labels, annotations, startsAt }) => ({
      name: labels.alertname ?? "without a name",
      severity: labels.severity ?? "",
      activeSince: new Date(startsAt).toISOString(),
      summary: annotations.summary ?? annotations.description ?? "",
    }));
}
