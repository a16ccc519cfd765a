import type { StackValidationPolicy } from "@pulumi/policy";
import canonicalize from "canonicalize";
import { plain } from "./object-policy";
import { types } from "./objects";

/** A drained node takes pods of a release one after the other; only seen when all of a stack is. */
export const disruptionBudgets: StackValidationPolicy = {
  name: "disruption-budgets",
  description: "Every Deployment has a PodDisruptionBudget that selects its pods.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, reportViolation) => {
    const selectors = resources
      .filter(({ type }) => type === types.budget)
      .map(({ props }) => canonicalize(plain(props.spec.selector.matchLabels)));
    for (const { type, name, urn, props } of resources) {
      if (type !== types.deployment) continue;
      if (!selectors.includes(canonicalize(plain(props.spec.selector.matchLabels)))) {
        reportViolation(`${name} has no PodDisruptionBudget.`, urn);
      }
    }
  },
};
