import type { Policies, ResourceValidationPolicy } from "@pulumi/policy";
import type { PackSignature } from "../../rollout/record";

/** Name and version of this pack. */
export interface PackIdentity {
  name: string;
  version: string;
}

/** The policy whose configuration is the pack's tightening, and the one that writes the signature. */
export const signedPolicies = { tightened: "release-gates", writer: "record" } as const;

type Policy = Policies[number];

/**
 * What the pack says of itself in this run.
 *
 * The engine tells no policy its level. But it blocks at `remediate` as well as at `mandatory`, and there alone it also
 * lets a policy write (`remediateResource`): so all are of that level, and those that are offered to write are in force.
 * A channel is offered before its record: by then they are all known.
 */
export class Signature {
  readonly #names: string[] = [];
  /** Name → configuration. */
  readonly #inForce = new Map<string, Record<string, unknown>>();

  constructor(private readonly pack: PackIdentity) {}

  /** The policy as it was, and noted as soon as it is found to be in force. */
  noting(policy: Policy): Policy {
    this.#names.push(policy.name);
    const { remediateResource }: Partial<ResourceValidationPolicy> = policy;
    const noted: Pick<ResourceValidationPolicy, "enforcementLevel" | "remediateResource"> = {
      enforcementLevel: "remediate",
      remediateResource: (args) => {
        this.#inForce.set(policy.name, args.getConfig());
        return remediateResource?.(args);
      },
    };
    return { ...policy, ...noted };
  }

  /** Null where the policy that writes it is not in force: nobody signs then. */
  get written(): PackSignature | null {
    if (!this.#inForce.has(signedPolicies.writer)) return null;
    return {
      ...this.pack,
      tightening: this.#inForce.get(signedPolicies.tightened) ?? {},
      loosened: this.#names.filter((name) => !this.#inForce.has(name)),
    };
  }
}
