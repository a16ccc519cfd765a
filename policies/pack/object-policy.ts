import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import type { z } from "zod";

interface ObjectRule<Schema extends z.ZodObject> {
  /** Types of the resources it looks at. */
  of: readonly string[];
  /** Those of them that it leaves alone. */
  except?(args: ResourceValidationArgs): boolean;
  /** What of them it looks at; an object that is not like this violates the policy. */
  schema: Schema;
  /** Every violation, as a sentence for the person who waits. */
  check(object: z.output<Schema>, args: ResourceValidationArgs): string[];
}

interface ObjectPolicy<Schema extends z.ZodObject> extends ObjectRule<Schema> {
  name: string;
  description: string;
}

/**
 * A mandatory policy over objects of some types.
 *
 * A value that is not known in a preview makes the engine's policy host skip the policy there; the update asks again.
 */
export function objectPolicy<Schema extends z.ZodObject>({
  name,
  description,
  ...rule
}: ObjectPolicy<Schema>): ResourceValidationPolicy {
  return {
    name,
    description,
    enforcementLevel: "mandatory",
    validateResource: (args, reportViolation) => {
      for (const violation of violationsOf(rule, args)) reportViolation(violation);
    },
  };
}

/** What is wrong with a resource by one rule; nothing where the rule is about others. */
export function violationsOf<Schema extends z.ZodObject>(
  { of, except = () => false, schema, check }: ObjectRule<Schema>,
  args: ResourceValidationArgs,
): string[] {
  if (!of.includes(args.type) || except(args)) return [];
  // Only what it looks at has to be known.
  const fields = Object.keys(schema.shape).map((field) => [field, args.props[field]]);
  const read = schema.safeParse(plain(Object.fromEntries(fields)));
  const violations = read.success
    ? check(read.data, args)
    : read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return violations.map((violation) => `${args.name}: ${violation}`);
}

/** The engine hands properties over in a proxy that throws at what is not known yet. */
export function plain(props: unknown): unknown {
  return JSON.parse(JSON.stringify(props));
}
