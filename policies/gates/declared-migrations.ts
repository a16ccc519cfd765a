import type { MigrationSpec } from "../../config/schemas/migration";
import type { Verdict } from "../../rollout/verdict";
import { declareAfterwards, declaredData } from "./declared-data";
import { type Finding, verdictOf } from "./findings";
import { type GateInput, judged } from "./input";

const gate = "migrations";

/** Phase → the step at which its migrations run. */
const stepOfPhase: Readonly<Record<string, string>> = { expand: "before the first request" };

/**
 * The migrations of a release are those of the one before it, unchanged and in their order, and then its own; each
 * of a phase that has its place in this step. Only what release files say: what has run is known to the data store.
 */
export function migrations(input: GateInput): Verdict {
  const { kind, to } = input;
  if (kind !== "install" && kind !== "start") {
    return { gate, status: "skipped", reason: "no migration runs at this step" };
  }
  const declared = judged(input).migrations;
  const before = to.candidate === null ? [] : to.baseline.migrations;
  if (declared.length === 0 && before.length === 0) {
    return { gate, status: "skipped", reason: "no live release has migrations" };
  }
  const added = declared.filter(({ id }) => !before.some((known) => known.id === id));
  return verdictOf(
    gate,
    [
      { status: "pass", reason: describe(added) },
      ...judgeIds(declared),
      ...judgeKept(input, before),
      ...judgePhases(added),
      ...(added.some(({ phase }) => phase === "expand") ? judgeSchema(input) : []),
    ],
    {
      observed: names(declared),
      expected: before.length === 0 ? "each once, in order" : `${names(before)}, and after them its own`,
    },
  );
}

/** Numbers that ids begin with, as migration tools go by them, have to rise. */
function judgeIds(declared: readonly MigrationSpec[]): Finding[] {
  const numbers = declared.map(({ id }) => Number(/^\d+/.exec(id)?.[0] ?? Number.NaN));
  return declared.flatMap(({ id }, index): Finding[] => {
    if (declared.findIndex((other) => other.id === id) < index) {
      return [{ status: "fail", reason: `the migration ${id} is named twice` }];
    }
    const [number, previous] = [numbers[index], numbers[index - 1]];
    const falls = number !== undefined && previous !== undefined && number <= previous;
    return falls
      ? [
          {
            status: "fail",
            reason: `the migration ${id} comes after ${declared[index - 1]?.id}: numbers have to rise`,
          },
        ]
      : [];
  });
}

/** A migration that has run is history: a release that leaves it out, edits or moves it describes another store. */
function judgeKept(input: GateInput, before: readonly MigrationSpec[]): Finding[] {
  const { version, migrations: declared } = judged(input);
  const wayOut = `they have run with ${input.to.baseline.version}: a change is a migration of its own, at the end`;
  return before.flatMap((known, index): Finding[] => {
    const place = declared.findIndex(({ id }) => id === known.id);
    if (place < 0) {
      return [{ status: "fail", reason: `${version} leaves out the migration ${known.id}; ${wayOut}` }];
    }
    const phase = declared[place]?.phase;
    if (phase !== known.phase) {
      return [
        {
          status: "fail",
          reason: `${version} makes the migration ${known.id} one of the phase ${phase}, and it was ${known.phase}; ${wayOut}`,
        },
      ];
    }
    if (place !== index) {
      return [
        {
          status: "fail",
          reason: `${version} has the migration ${known.id} at place ${place + 1} instead of ${index + 1}; ${wayOut}`,
        },
      ];
    }
    return [];
  });
}

function judgePhases(added: readonly MigrationSpec[]): Finding[] {
  return added
    .filter(({ phase }) => !Object.hasOwn(stepOfPhase, phase))
    .map(({ id, phase }) => ({
      status: "fail",
      reason: `the migration ${id} is of the phase ${phase}, which has no place at this step`,
    }));
}

/** What expands the schema makes another one of it, and releases have to say whether they can read it. */
function judgeSchema({ to, channel }: GateInput): Finding[] {
  const release = to.candidate ?? to.baseline;
  const data = declaredData(release, channel);
  if (data === undefined) {
    return [
      {
        status: "fail",
        reason: `${release.version} has new migrations and does not say which data schema it writes and reads. Declare \`data\` in its release file`,
      },
    ];
  }
  if (to.candidate === null) return [];
  const known = declaredData(to.baseline, channel);
  if (known === undefined) {
    const { version } = to.baseline;
    return [
      {
        status: "hold",
        reason: `${version} does not say which data schema it writes and reads; ${declareAfterwards(version)}`,
      },
    ];
  }
  if (data.writes > known.writes) return [];
  return [
    {
      status: "fail",
      reason: `${release.version} expands the data schema and writes schema ${data.writes}, as before (${to.baseline.version}: ${known.writes}). Raise data.writes`,
    },
  ];
}

function describe(added: readonly MigrationSpec[]): string {
  if (added.length === 0) return `no new migration, and those that have run are unchanged`;
  const told = added.map(
    ({ id, phase, reversible }) =>
      `${id} runs ${stepOfPhase[phase]}${reversible ? "" : " and cannot be undone"}`,
  );
  return told.join("; ");
}

function names(list: readonly MigrationSpec[]): string {
  return list.map(({ id }) => id).join(", ") || "none";
}
