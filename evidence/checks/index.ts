import type { CatalogueName } from "../../config/schemas/evidence";
import { backup } from "./backup";
import { capacityBaseline } from "./capacity-baseline";
import type { Check, CheckContext } from "./check";
import { correlation } from "./correlation";
import { coverage } from "./coverage";
import { dataClassification } from "./data-classification";
import { dependencyAudit } from "./dependency-audit";
import { incidentDrill } from "./incident-drill";
import { loadProbe } from "./load-probe";
import { rollbackDrill } from "./rollback-drill";
import { sbom } from "./sbom";
import { smokeChecklist } from "./smoke-checklist";
import { soak } from "./soak";
import { stress } from "./stress";

type AnyCheck = (report: unknown, context: CheckContext<unknown>) => string[];

/** Both reports have been found valid by the schema of the same name, which is what makes this true. */
function afterSchema<Report>(check: Check<Report>): AnyCheck {
  return (report, { now, baseline }) => check(report as Report, { now, baseline: baseline as Report | null });
}

/** What is asked beyond the schema; of a documentation check nothing is, its limits are conditions. */
export const checks: Partial<Record<CatalogueName, AnyCheck>> = {
  backup: afterSchema(backup),
  "capacity-baseline": afterSchema(capacityBaseline),
  correlation: afterSchema(correlation),
  coverage: afterSchema(coverage),
  "data-classification": afterSchema(dataClassification),
  "dependency-audit": afterSchema(dependencyAudit),
  "incident-drill": afterSchema(incidentDrill),
  "load-probe": afterSchema(loadProbe),
  "rollback-drill": afterSchema(rollbackDrill),
  sbom: afterSchema(sbom),
  "smoke-checklist": afterSchema(smokeChecklist),
  soak: afterSchema(soak),
  stress: afterSchema(stress),
};
