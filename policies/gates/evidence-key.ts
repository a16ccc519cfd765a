import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "evidence-key";

/** What a transition leaves as evidence will be signed, and by a key that is believed, wherever that is asked for. */
export function evidenceKey({ snapshot }: GateInput): Verdict {
  const source = snapshot.evidenceKey;
  switch (source.status) {
    case "not-configured":
      return {
        gate,
        status: "skipped",
        reason: "no signature is asked for (access file, key evidence.required), and no key is given",
      };
    case "unavailable":
      return { gate, status: "hold", reason: `the key cannot be judged: ${source.problem}` };
    case "known": {
      const figures = { observed: source.keyId ?? "no key", expected: "a key of the access file, valid now" };
      return source.problem === null
        ? { gate, status: "pass", reason: `signed by ${source.keyId}`, ...figures }
        : {
            gate,
            status: "hold",
            reason: `nobody would believe its evidence: ${source.problem}`,
            ...figures,
          };
    }
  }
}
