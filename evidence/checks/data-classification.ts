import type { Check } from "./check";

interface DataClassification {
  classes: Record<string, { must_be_masked: boolean; retention_days: number }>;
  findings: { location: string; class: string; masked: boolean; age_days: number }[];
}

/** Everything found is of a known class, masked where it must be, and not kept for too long. */
export const dataClassification: Check<DataClassification> = ({ classes, findings }) =>
  findings.flatMap(({ location, class: name, masked, age_days }) => {
    const rule = Object.hasOwn(classes, name) ? classes[name] : undefined;
    if (rule === undefined) return [`${location}: data of the class ${name}, which has no rule`];
    return [
      ...(rule.must_be_masked && !masked ? [`${location}: data of the class ${name} is not masked`] : []),
      ...(age_days > rule.retention_days
        ? [`${location}: kept for ${age_days} days; of the class ${name} are allowed ${rule.retention_days}`]
        : []),
    ];
  });
