import type { MigrationSpec } from "../../config/schemas/migration";
import type { ChannelRecord } from "../../rollout/record";
import { describeRestore, rolloutBegan } from "../../rollout/restored";
import { clearsAway, contracts } from "./change";
import type { Finding } from "./findings";
import type { GateInput } from "./input";

/**
 * What a restore of the data has taken back is not built on: neither goes its release on, nor is run again by itself
 * what somebody has just undone. Going back, and clearing away what was rolled back, need nothing of it.
 */
export function judgeRestore(input: GateInput): Finding[] {
  if (clearsAway(input)) return [];
  return [...judgeReadable(input), ...judgeLost(input)];
}

function judgeReadable({ snapshot: { live } }: GateInput): Finding[] {
  const { restored } = live;
  if (restored === undefined || !("problem" in restored)) return [];
  return [{ status: "fail", reason: `whether the data were restored is not known: ${restored.problem}` }];
}

function judgeLost(input: GateInput): Finding[] {
  const { record, kind, attempt } = input;
  if (record === null || (kind !== "advance" && kind !== "finalize")) return [];
  const { candidate, baseline, restored, lost = [] } = record;
  if (restored === undefined) return [];
  const release = candidate ?? baseline;
  const again = rolledOutSince(record) || (contracts(input) && attempt > record.attempt);
  const missing = release.migrations
    .filter(({ id }) => lost.includes(id))
    .filter((spec) => !(again && isStillToRun(spec, record)))
    .map(({ id }) => id);
  if (missing.length === 0) return [];
  const what = `the data are those of ${describeRestore(restored)}, and ${missing.join(", ")} of ${release.version} is not in them`;
  return [{ status: "hold", reason: `${what}. ${wayOut(record, missing)}` }];
}

/** Its rollout began on the restored data, and brings again what it needs. */
function rolledOutSince(record: ChannelRecord): boolean {
  const began = rolloutBegan(record);
  return (
    began !== null && record.restored !== undefined && Date.parse(began) > Date.parse(record.restored.at)
  );
}

function isStillToRun({ phase }: MigrationSpec, { state }: ChannelRecord): boolean {
  return phase === "contract" || (phase === "switch" && state === "rolling");
}

function wayOut({ candidate, baseline, attempt }: ChannelRecord, missing: readonly string[]): string {
  const raised = `pulumi config set attempt ${attempt + 1}, and pulumi config set reason "…"`;
  if (candidate !== null) {
    return `To go back: pulumi config set version ${baseline.version}. To run it again: go back, then pulumi config set version ${candidate.version}, ${raised}`;
  }
  const onlyContracts = baseline.migrations
    .filter(({ id }) => missing.includes(id))
    .every(({ phase }) => phase === "contract");
  return onlyContracts
    ? `To run it again: ${raised}. To keep what it takes away: pulumi config set stage hold`
    : "A new version that repeats it runs it again";
}
