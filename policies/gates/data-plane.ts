import type { Verdict } from "../../rollout/verdict";
import type { GateInput } from "./input";

const gate = "data-plane";

/** The gateway is there and works, and the live weights are those of the record. */
export function dataPlane({ kind, record, snapshot }: GateInput): Verdict {
  if (kind === "rollback" || kind === "correct") {
    return { gate, status: "skipped", reason: "lowering a share waits for nothing" };
  }
  const { problem } = snapshot.gateway;
  if (problem !== null) {
    return {
      gate,
      status: "fail",
      reason: problem,
      expected: "a Gateway that is programmed and takes routes",
    };
  }
  if (record === null) return { gate, status: "pass", reason: "the gateway is ready" };
  const shares = Object.entries(snapshot.live.routes).map(
    ([service, route]) =>
      [service, record.candidate === null ? 0 : (route[record.candidate.id] ?? 0)] as const,
  );
  const observed = shares.map(([service, share]) => `${service} ${share} %`).join(", ");
  const expected = `${record.weight} %`;
  const unexpected = shares.filter(([, share]) => share > record.weight);
  if (unexpected.length > 0) {
    return {
      gate,
      status: "hold",
      reason: `the live share of the candidate is higher than recorded`,
      observed,
      expected,
    };
  }
  return {
    gate,
    status: "pass",
    reason: "the gateway is ready and its weights are those recorded",
    observed,
    expected,
  };
}
