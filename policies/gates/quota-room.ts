import { thousandths } from "../../config/schemas/quantity";
import type { Finding } from "./findings";
import type { Quota } from "./input/capacity";
import { amountOf, type PodDemand } from "./pod-demand";

/** Names of a quota for what pods count by: `pods` themselves, or an amount of each. */
const counted: Readonly<Record<string, "pods" | readonly ["requests" | "limits", "cpu" | "memory"]>> = {
  pods: "pods",
  "count/pods": "pods",
  cpu: ["requests", "cpu"],
  memory: ["requests", "memory"],
  "requests.cpu": ["requests", "cpu"],
  "requests.memory": ["requests", "memory"],
  "limits.cpu": ["limits", "cpu"],
  "limits.memory": ["limits", "memory"],
};

/** What one quota of the namespace has to say of new pods. */
export function judgeQuota(quota: Quota, demands: readonly PodDemand[]): Finding[] {
  const mine = demands.filter((demand) => quota.scopes.every((scope) => applies(scope, demand)));
  if (mine.length === 0) return [];
  return Object.entries(quota.hard).flatMap(([resource, hard]): Finding[] => {
    const what = counted[resource];
    if (what === undefined) return [];
    const silent = what === "pods" ? [] : mine.filter((demand) => demand[what[0]][what[1]] === undefined);
    if (what !== "pods" && silent.length > 0) {
      const [side, name] = what;
      const services = silent.map(({ service }) => service).join(", ");
      return [
        {
          status: "hold",
          reason: `the quota ${quota.name} takes only pods that say their ${side}.${name}, and those of ${services} do not: set services.<name>.resources.${side}.${name}`,
        },
      ];
    }
    const each = (demand: PodDemand) => (what === "pods" ? 1000 : amountOf(demand[what[0]], what[1]));
    const needed = mine.reduce((sum, demand) => sum + demand.count * each(demand), 0);
    const free = (thousandths(hard) ?? 0) - (thousandths(quota.used[resource] ?? "0") ?? 0);
    if (needed <= free) return [];
    const unit = what === "pods" ? "pods" : what[1];
    return [
      {
        status: "hold",
        reason: `the quota ${quota.name} leaves ${inUnit(Math.max(0, free), unit)} of ${resource}, and this step needs ${inUnit(needed, unit)}: raise it (now ${hard}), or choose a smaller size, \`capacity: lean\` or more stages`,
      },
    ];
  });
}

/** Pods of a Deployment end by themselves never, and have no priority class of their own. */
function applies({ scope, operator, values }: Quota["scopes"][number], demand: PodDemand): boolean {
  const bestEffort = Object.keys({ ...demand.requests, ...demand.limits }).length === 0;
  switch (scope) {
    case "NotTerminating":
      return true;
    case "BestEffort":
      return bestEffort;
    case "NotBestEffort":
      return !bestEffort;
    case "PriorityClass":
      return operator === "DoesNotExist" || (operator === "NotIn" && values.length > 0);
    default:
      return false;
  }
}

/** `750m`, `384Mi`, `3` */
export function inUnit(inThousandths: number, unit: "pods" | "cpu" | "memory"): string {
  if (unit === "cpu") return `${inThousandths}m`;
  if (unit === "memory") return `${Math.ceil(inThousandths / 1000 / 2 ** 20)}Mi`;
  return String(inThousandths / 1000);
}
