import { type Check, instant } from "./check";

interface IncidentDrill {
  raised_at: string;
  acknowledged_at: string;
  resolved_at: string;
  acknowledge_within_seconds: number;
  notifications: { channel: string; delivered: boolean }[];
}

/** Everybody was reached, and somebody took it up in time. */
export const incidentDrill: Check<IncidentDrill> = (report) => {
  const waited = (instant(report.acknowledged_at) - instant(report.raised_at)) / 1000;
  const inOrder = waited >= 0 && instant(report.resolved_at) >= instant(report.acknowledged_at);
  return [
    ...(inOrder ? [] : ["raised, acknowledged and resolved are not in this order"]),
    ...(waited <= report.acknowledge_within_seconds
      ? []
      : [`was taken up after ${waited} s; wanted are ${report.acknowledge_within_seconds} s`]),
    ...report.notifications
      .filter(({ delivered }) => !delivered)
      .map(({ channel }) => `the message through ${channel} was not delivered`),
  ];
};
