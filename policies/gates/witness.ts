import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";
import type { Actor } from "./input/governance";

/** All that is looked at when a share is only lowered: nothing that could be missing or unreachable. */
export type LoweringInput = Pick<GateInput, "kind" | "channel" | "reason"> & { snapshot: { actor: Actor } };

/** What is recorded of a transition that nothing may hold up. */
export type WitnessVerdict = Verdict & { status: "pass" | "skipped" };
