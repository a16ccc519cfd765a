import type { MigrationPhase, MigrationSpec } from "../../config/schemas/migration";
import { addedMigrations, broughtMigrations, checksum, isUndone } from "../../rollout/migrations";
import { serviceRanks } from "../../rollout/order";
import type { Release } from "../../rollout/release";
import { routesAt } from "../../rollout/routes";
import { declareAfterwards, declaredData } from "./declared-data";
import { inWords } from "./duration";
import type { Finding } from "./findings";
import { type GateInput, judged } from "./input";

/**
 * The migrations of a release are those of the one before it, unchanged and in their order, and then its own, each
 * with what its phase needs. Only what release files and the channel's section say.
 */
export function judgeDeclared(input: GateInput): Finding[] {
  const { to } = input;
  const declared = judged(input).migrations;
  const before = to.candidate === null ? [] : to.baseline.migrations;
  const over = to.candidate === null ? null : to.baseline;
  const added = addedMigrations(judged(input), over);
  const brought = broughtMigrations(judged(input), over, input.record);
  return [
    ...judgeContracted(input),
    ...judgeIds(declared),
    ...judgeKept(input, before),
    ...judgeSequence(input, brought),
    ...judgeLedger(input, judged(input), brought),
    ...judgeBackfills(input, brought),
    ...judgeWayBack(input, brought),
    ...judgeWaits(input, brought),
    ...(added.length > 0 ? judgeSchema(input, added) : []),
  ];
}

/** What a contract has taken away does not come back with an older release. */
function judgeContracted({ to, record }: GateInput): Finding[] {
  const release = to.candidate;
  if (release === null) return [];
  const gone = (record?.contracted ?? []).filter((id) => !release.migrations.some((spec) => spec.id === id));
  if (gone.length === 0) return [];
  return [
    {
      status: "fail",
      reason: `${release.version} needs what ${gone.join(", ")} has taken away from the data. Going back so far is a restore of a backup from before it: docs/backup.md`,
    },
  ];
}

/** What has run is known to the data store's ledger only: without one, nothing may rest on it. */
export function judgeLedger(
  { channel }: Pick<GateInput, "channel">,
  release: Pick<Release, "version" | "ledger">,
  added: readonly MigrationSpec[],
): Finding[] {
  const later = added.filter(({ phase }) => phase !== "expand").map(({ id }) => id);
  if (later.length > 0 && channel.migrations.ledger === undefined) {
    const reason = `${later.join(", ")}: backfill, switch and contract run under a ledger in the data store (key channel.migrations.ledger)`;
    return [{ status: "fail", reason }];
  }
  if (channel.migrations.ledger === undefined || added.length === 0) return [];
  if (release.ledger === undefined) {
    const reason = `${release.version} does not name the ledger's image, which its migrations run under (ledger.image in its release file)`;
    return [{ status: "fail", reason }];
  }
  const commandless = added.filter(({ command }) => command === undefined).map(({ id }) => id);
  if (commandless.length === 0) return [];
  const reason = `${commandless.join(", ")}: the ledger runs a migration's command, and none is declared`;
  return [{ status: "fail", reason }];
}

/** What has to be complete before a stage begins before it. */
function judgeBackfills({ to, channel, kind }: GateInput, added: readonly MigrationSpec[]): Finding[] {
  if (kind !== "start") return [];
  return added
    .filter(({ phase }) => phase === "backfill")
    .flatMap(({ id, before = 100 }): Finding[] => {
      if (!channel.stages.includes(before)) {
        const reason = `${id} has to be complete before ${before} %, which is none of the stages ${channel.stages.join(", ")}`;
        return [{ status: "fail", reason }];
      }
      if (before > to.weight) return [];
      const reason = `${id} has to be complete before ${before} %, and that is the first stage: it begins with it. Name a later one, or add a stage`;
      return [{ status: "fail", reason }];
    });
}

/** A way back that is not a copy is shown by evidence before the first migration. */
function judgeWayBack({ channel, evidence, to }: GateInput, added: readonly MigrationSpec[]): Finding[] {
  const name = channel.backup?.evidence;
  if (name === undefined || added.length === 0) return [];
  const kind = evidence?.kinds[name];
  if (kind !== undefined && (kind.neededAt === "start" || kind.neededAt === to.weight)) return [];
  const reason =
    kind === undefined
      ? `the evidence ${name} is to show the way back (key channel.backup.evidence), and the evidence policy has no such kind`
      : `the evidence ${name} is to show the way back before the first migration: set its neededAt to start`;
  return [{ status: "fail", reason }];
}

/** All waits of one update together have an end that a rollback can wait for, at every step of the rollout. */
function judgeWaits({ channel, kind, to }: GateInput, added: readonly MigrationSpec[]): Finding[] {
  const { migrations, backup, readyWithin, confirmWithin, maxWait } = channel;
  const release = judged({ to });
  const autoscaled = Object.values(channel.services).some(({ autoscaling }) => autoscaling !== undefined);
  const of = (...phases: MigrationPhase[]) => added.filter(({ phase }) => phases.includes(phase));
  const steps: [step: string, awaited: readonly MigrationSpec[]][] =
    kind === "install"
      ? [["this update", added]]
      : [
          ["this update", to.weight === 100 ? of("expand", "switch") : of("expand")],
          ["the update to 100 %", of("switch")],
          ["the update that contracts", of("contract")],
          ["the update that clears away a rollback", added.filter(isUndone)],
        ];
  return steps.flatMap(([step, awaited]): Finding[] => {
    if (awaited.length === 0) return [];
    const waits = [
      ...awaited.map(({ deadline }) => deadline ?? migrations.deadline),
      backup?.job?.deadline ?? 0,
      readyWithin * (serviceRanks(release).length + (autoscaled ? 1 : 0)),
      commandsSeconds(channel, to),
      confirmWithin * serviceRanks(release).length,
    ];
    const together = waits.reduce((sum, seconds) => sum + seconds, 0);
    if (together <= maxWait) return [];
    const reason = `${step} may wait ${inWords(together)}, and maxWait is ${inWords(maxWait)}: ${awaited.map(({ id }) => id).join(", ")}, then readiness and confirmation. Shorten their deadlines, make long work a backfill, or raise channel.maxWait`;
    return [{ status: "fail", reason }];
  });
}

/** Of the channel's own commands, each until its time is over: read, dry run, apply, read again, put back. */
function commandsSeconds({ gateway: { command } }: GateInput["channel"], to: GateInput["to"]): number {
  if (command === undefined) return 0;
  const services = routesAt(to).length;
  return command.timeout * (2 + services * (command.dryRun === undefined ? 2 : 3));
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
    const now = declared[place];
    const phase = now?.phase;
    if (phase !== known.phase) {
      return [
        {
          status: "fail",
          reason: `${version} makes the migration ${known.id} one of the phase ${phase}, and it was ${known.phase}; ${wayOut}`,
        },
      ];
    }
    if (now !== undefined && checksum(now) !== checksum(known)) {
      return [
        {
          status: "fail",
          reason: `${version} has another image, command or \`checksum\` of the migration ${known.id}; ${wayOut}`,
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

/** The phases in the order of a rollout. */
const phases: readonly MigrationPhase[] = ["expand", "backfill", "switch", "contract"];

/** What one command runs of those before it must not be what has its time later. */
function judgeSequence({ to, channel, kind }: GateInput, brought: readonly MigrationSpec[]): Finding[] {
  if (kind !== "start" || channel.migrations.order === "independent") return [];
  return brought.flatMap(({ id, phase }, index): Finding[] => {
    const early = brought
      .slice(0, index)
      .filter((before) => phases.indexOf(before.phase) > phases.indexOf(phase));
    if (early.length === 0) return [];
    const list = early.map((before) => `${before.id} (${before.phase})`).join(", ");
    const reason = `${to.candidate?.version} lists ${list} before ${id} (${phase}), which runs earlier: a tool that applies all up to ${id} would run it with that. Release them one after the other, or, where each migration's command runs that one alone, set channel.migrations.order to independent`;
    return [{ status: "fail", reason }];
  });
}

/** What expands the schema makes another one of it, and releases have to say whether they can read it. */
function judgeSchema({ to, channel }: GateInput, added: readonly MigrationSpec[]): Finding[] {
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
  if (to.candidate === null || !added.some(({ phase }) => phase === "expand")) return [];
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
