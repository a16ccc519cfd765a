import type { ChannelSection } from "../../config/schemas/channel";
import type { Verdict } from "../../rollout/verdict";
import { clearedAway, clearsAway } from "./change";
import { inWords } from "./duration";
import type { GateInput } from "./input";
import type { IncidentSource } from "./input/metrics";

const gate = "incident";

/**
 * Nothing goes on while an incident is open, or an alert that matters has been active for a while. A younger alert
 * holds: it may pass, and it may stay.
 */
export function incident(input: GateInput): Verdict {
  const { channel, snapshot } = input;
  const { incidents: policy } = channel;
  const { incidents: source } = snapshot;
  if (policy === undefined || source.status === "not-configured") {
    return {
      gate,
      status: "skipped",
      reason: "no source of incidents is configured (key channel.incidents)",
    };
  }
  if (clearsAway(input)) return { gate, status: "skipped", reason: clearedAway };
  return { gate, ...judgeIncidents(policy, source, snapshot.takenAt) };
}

type Policy = NonNullable<ChannelSection["incidents"]>;

/** @param takenAt ISO 8601, when the source was asked */
export function judgeIncidents(
  policy: Policy,
  source: Exclude<IncidentSource, { status: "not-configured" }>,
  takenAt: string,
): Omit<Verdict, "gate"> {
  if (source.status === "unavailable") {
    return { status: "hold", reason: `nothing is known of incidents: ${source.problem}` };
  }
  const expected = `no open ${policy.incidentSeverities.join(", ")}; no ${policy.alertSeverities.join(", ")} alert`;
  const open = source.incidents.find(({ severity }) => isOneOf(policy.incidentSeverities, severity));
  if (open !== undefined) {
    const observed = `${open.severity} ${open.id} is open since ${open.openedAt}`;
    const reason = `${observed} (${open.title}); resolve it first`;
    return { status: "fail", reason, observed, expected };
  }
  const alerts = source.alerts
    .filter(({ severity }) => isOneOf(policy.alertSeverities, severity))
    .map((alert) => ({
      ...alert,
      seconds: Math.floor((Date.parse(takenAt) - Date.parse(alert.activeSince)) / 1000),
    }))
    .sort((one, other) => other.seconds - one.seconds);
  const [oldest] = alerts;
  if (oldest !== undefined) {
    const observed = `${oldest.severity} alert ${oldest.name} is active for ${Math.max(0, oldest.seconds)} s`;
    const told = `${observed}${oldest.summary === "" ? "" : ` (${oldest.summary})`}`;
    return oldest.seconds >= policy.alertFor
      ? { status: "fail", reason: `${told}; end its cause first`, observed, expected }
      : {
          status: "hold",
          reason: `${told}; after ${inWords(policy.alertFor)} it blocks`,
          observed,
          expected,
        };
  }
  if (source.problems.length > 0) {
    return { status: "hold", reason: `not all is known of incidents: ${source.problems.join("; ")}` };
  }
  return {
    status: "pass",
    reason: "no incident is open, and no alert is active that would stop it",
    expected,
  };
}

/** `p1` is a P1 too. */
function isOneOf(severities: readonly string[], severity: string): boolean {
  return severities.some((listed) => listed.toLowerCase() === severity.toLowerCase());
}
