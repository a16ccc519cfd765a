export interface Metric {
  value: number;
  unit: string;
  better: "lower" | "higher";
  /** A share of the accepted value. */
  allowed_drift: number;
  suggested_threshold?: number;
}

export interface Measured {
  profile: string;
  metrics: Record<string, Metric>;
}

/** Figures that got worse than the accepted report allows, or are no longer measured. */
export function driftProblems(report: Measured, accepted: Measured): string[] {
  if (report.profile !== accepted.profile) {
    return [
      `was measured on ${report.profile}, and its baseline on ${accepted.profile}: they cannot be compared`,
    ];
  }
  return Object.entries(accepted.metrics).flatMap(([name, before]) => {
    const now = report.metrics[name];
    if (now === undefined) return [`${name} is in the baseline and is no longer measured`];
    if (now.unit !== before.unit) return [`${name} is in ${now.unit}, and in the baseline in ${before.unit}`];
    const drift = relativeDrift(before, now.value);
    if (drift <= before.allowed_drift) return [];
    return [
      `${name} regressed from ${before.value} to ${now.value} ${before.unit}: ${percent(drift)} worse, allowed are ${percent(before.allowed_drift)}`,
    ];
  });
}

/** How much worse than accepted, as a share of it; negative where it is better. */
function relativeDrift({ value: accepted, better }: Metric, value: number): number {
  const worse = better === "lower" ? value - accepted : accepted - value;
  return worse === 0 ? 0 : worse / accepted;
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : "infinitely";
}
