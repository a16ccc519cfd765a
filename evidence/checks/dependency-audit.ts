import { type Check, instant } from "./check";

const severities = ["low", "moderate", "high", "critical"] as const;

interface Finding {
  id: string;
  package: string;
  severity: (typeof severities)[number];
}

interface Waiver {
  id: string;
  package: string;
  expires_at: string;
}

interface DependencyAudit {
  ecosystems: string[];
  findings: Finding[];
  waivers: Waiver[];
}

/** No risk rises silently: each finding is accepted in the baseline or waived, and no waiver in use has expired. */
export const dependencyAudit: Check<DependencyAudit> = (report, { now, baseline }) => [
  ...(baseline?.ecosystems ?? [])
    .filter((ecosystem) => !report.ecosystems.includes(ecosystem))
    .map((ecosystem) => `${ecosystem} is in the baseline and was not looked through`),
  ...report.findings.flatMap((finding) => {
    const shown = `${finding.id} of ${finding.package} (${finding.severity})`;
    const waivers = report.waivers.filter((waiver) => same(waiver, finding));
    if (waivers.length > 0) {
      if (waivers.some(({ expires_at }) => instant(expires_at) > now.getTime())) return [];
      return [
        `the waiver of ${shown} expired ${waivers.at(-1)?.expires_at}; mend it, or have it waived again`,
      ];
    }
    const accepted = baseline?.findings.find((one) => same(one, finding));
    if (accepted === undefined) return [`${shown} is neither in the baseline nor waived`];
    return rank(finding) > rank(accepted)
      ? [`${shown} was accepted as ${accepted.severity}, and is worse now`]
      : [];
  }),
];

function same(one: Pick<Finding, "id" | "package">, other: Pick<Finding, "id" | "package">): boolean {
  return one.id === other.id && one.package === other.package;
}

function rank({ severity }: Finding): number {
  return severities.indexOf(severity);
}
