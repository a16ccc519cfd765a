import { resolve } from "node:path";
import { inOneLine, UserError } from "../config/load/problems";
import { check, readYaml } from "../config/load/yaml";
import { incidentFile } from "../config/schemas/incidents";
import type { IncidentSource } from "../policies/gates/input/metrics";
import { notConfigured } from "../policies/gates/input/source";
import { readAlerts } from "./alertmanager";
import { NoAnswer } from "./json-request";
import type { JudgedTransition, SnapshotSources } from "./snapshot";

type Known = Extract<IncidentSource, { status: "known" }>;

/** Open incidents of this channel and active alerts, from every source that is configured. */
export async function observeIncidents(
  _transition: JudgedTransition,
  { channel, channelName, projectDir }: Pick<SnapshotSources, "channel" | "channelName" | "projectDir">,
): Promise<IncidentSource> {
  const { incidents: policy } = channel;
  if (policy === undefined) return notConfigured;
  const { file, alertmanager } = policy;
  const known: Known = { status: "known", incidents: [], alerts: [], problems: [] };
  if (file !== undefined) {
    await attempt(known, async () => {
      known.incidents = readIncidents(resolve(projectDir, file), file, channelName);
    });
  }
  if (alertmanager !== undefined) {
    await attempt(known, async () => {
      known.alerts = await readAlerts(alertmanager);
    });
  }
  return known;
}

/** One silent source must not hide what another one says. */
async function attempt(known: Known, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof UserError || error instanceof NoAnswer)) throw error;
    known.problems.push(inOneLine(error));
  }
}

function readIncidents(path: string, shownAs: string, channel: string): Known["incidents"] {
  const source = readYaml(path, shownAs, "it lists the open incidents (key channel.incidents.file)");
  return check(incidentFile, source.value, source)
    .incidents.filter(({ resolvedAt }) => resolvedAt === undefined)
    .filter(({ channels }) => channels?.includes(channel) ?? true)
    .map(({ id, severity, title, openedAt }) => ({
      id,
      severity,
      title,
      openedAt: new Date(openedAt).toISOString(),
    }));
}
