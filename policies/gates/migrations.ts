import { broughtMigrations, pendingContracts } from "../../rollout/migrations";
import type { Verdict } from "../../rollout/verdict";
import { contracts } from "./change";
import { judgeBackfillProgress, judgeOlderReleases, judgeReconciliation } from "./data-progress";
import { judgeDeclared, judgeLedger } from "./declared-migrations";
import { type Finding, isSome, verdictOf } from "./findings";
import { type GateInput, judged } from "./input";
import { judgeRestore } from "./restored-data";

const gate = "migrations";

/**
 * The data is moved with the release: what is declared has its place, what has to be complete is, what compares the
 * forms finds them equal, and nothing is taken away that a live release may need.
 */
export function migrations(input: GateInput): Verdict {
  if (contracts(input)) return judgeContract(input);
  switch (input.kind) {
    case "install":
    case "start":
      return judgeBeginning(input);
    case "advance":
    case "finalize":
      return judgeProgress(input);
    default:
      return { gate, status: "skipped", reason: "no migration runs at this step" };
  }
}

function judgeBeginning(input: GateInput): Verdict {
  const { to } = input;
  const declared = judged(input).migrations;
  const before = to.candidate === null ? [] : to.baseline.migrations;
  const restored = judgeRestore(input);
  if (declared.length === 0 && before.length === 0 && restored.length === 0) {
    return { gate, status: "skipped", reason: "no live release has migrations" };
  }
  const added = broughtMigrations(judged(input), to.candidate === null ? null : to.baseline, input.record);
  const told: Finding = { status: "pass", reason: describe(added, input) };
  // A channel that is installed late brings its whole history to data that others may live on.
  const contracts = added.some(({ phase }) => phase === "contract");
  const older = input.kind === "install" && contracts ? judgeOlderReleases(input) : [];
  return verdictOf(gate, [told, ...restored, ...judgeDeclared(input), ...older], {
    observed: names(declared),
    expected: before.length === 0 ? "each once, in order" : `${names(before)}, and after them its own`,
  });
}

function judgeProgress(input: GateInput): Verdict {
  const findings: Finding[] = [
    ...judgeRestore(input),
    ...judgeBackfillProgress(input),
    ...judgeReconciliation(input),
    ...judgeLedgerOfSwitches(input),
  ];
  if (!isSome(findings)) {
    return { gate, status: "skipped", reason: "nothing of the data has to be complete at this step" };
  }
  return verdictOf(gate, findings, { expected: "complete, and no difference found" });
}

/** The channel's section may have lost its ledger since the rollout began. */
function judgeLedgerOfSwitches(input: GateInput): Finding[] {
  const { candidate, baseline, state } = input.to;
  if (candidate === null || state !== "completed") return [];
  const switches = broughtMigrations(candidate, baseline, input.record).filter(
    ({ phase }) => phase === "switch",
  );
  return judgeLedger(input, candidate, switches).map(waiting);
}

/** What is live already is not mended by an update that ends with an error. */
function waiting({ reason }: Finding): Finding {
  return { status: "hold", reason };
}

function judgeContract(input: GateInput): Verdict {
  const { record, to } = input;
  const pending = record === null ? [] : pendingContracts(record);
  const ledger = judgeLedger(input, to.baseline, pending).map(waiting);
  const told: Finding = { status: "pass", reason: `${names(pending)} takes away what nobody needs any more` };
  return verdictOf(gate, [told, ...judgeRestore(input), ...ledger, ...judgeOlderReleases(input)], {
    expected: `no release older than ${to.baseline.version} on this data`,
  });
}

const whenOf = {
  expand: "runs before the first request",
  backfill: "runs beside the rollout",
  switch: "runs at 100 %",
  contract: "runs when nothing older is live",
} as const;

type Added = ReturnType<typeof broughtMigrations>;

function describe(added: Added, { kind }: GateInput): string {
  if (added.length === 0) return "no new migration, and those that have run are unchanged";
  const told = added.map(({ id, phase, reversible }) => {
    const when = kind === "install" ? whenOf.expand : whenOf[phase];
    return `${id} ${when}${reversible ? "" : " and cannot be undone"}`;
  });
  return told.join("; ");
}

function names(list: readonly { id: string }[]): string {
  return list.map(({ id }) => id).join(", ") || "none";
}
