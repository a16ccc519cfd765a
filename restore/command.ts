import { Command, Option } from "commander";
import { by, isUsage } from "../config/load/arguments";
import { UserError } from "../config/load/problems";
import { durationSeconds } from "../config/schemas/duration";
import { connect } from "../observe/kubernetes";
import { backupFile } from "./answers";
import { approvalCommand } from "./approval";
import { describeLoss, describePlan, describeRun } from "./describe";
import { approvers, type RestoreInputs, readInputs } from "./inputs";
import { jobRunner, type Perform } from "./job";
import { NotRecorded, type RestoredFact, type Tell, tellByConfigMap, tellChannels } from "./record";
import { planRestore, type RestoreContext, runRestore, UnknownOutcome } from "./restore";

/** Where the command works, and what it writes to. */
export interface Surroundings {
  projectDir: string;
  now: Date;
  interrupted: AbortSignal;
  write(text: string): void;
  complain(text: string): void;
  /** What runs the Jobs; on the channel's cluster where it is left out. */
  perform?: Perform;
  /** What tells the channels; on their clusters where it is left out. */
  tellChannel?: Tell;
}

interface Options {
  channel: string;
  backup: string;
  deadline?: number;
  json?: boolean;
}

interface RunOptions extends Options {
  lockWithin: number;
  withoutBackup?: true;
  reason?: string;
}

const examples = `
Examples:
  npm run restore -- plan --channel canary --backup canary-backup-1f2e3d4c.dump
  npm run approve -- sign --channel canary --scope restore:canary:<sha256> --expires 4h --key-file ~/.release/ann.pem
  npm run restore -- run --channel canary --backup canary-backup-1f2e3d4c.dump
  npm run restore -- record --channel canary --backup canary-backup-1f2e3d4c.dump

\`plan\` changes nothing and prints the line that approves it; \`record\` tells the channel once more what \`run\` has told
it. Exit codes: 0 done, 1 refused or failed, the data is as it was, 2 wrong usage, 3 not known how it ended: look with
\`plan\`, 4 the data is restored, and the channel does not know it: repeat \`record\`. Step by step: docs/backup.md.`;

/** @returns the exit code, as the help says */
export async function runRestoreCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { write, complain } = surroundings;
  const told = async (inputs: RestoreInputs, fact: RestoredFact, { json: quiet }: Options) => {
    const { projectDir, tellChannel = tellByConfigMap } = surroundings;
    const written = await tellChannels(projectDir, inputs, fact, tellChannel);
    if (!quiet) write(`The next update of the channel takes it into account (${written.join(", ")}).\n`);
  };
  const program = new Command("npm run restore --")
    .description("Put a backup in the place of a channel's data, and say before what is lost by it.")
    .addHelpText("after", examples)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: complain });
  common(program.command("plan"))
    .description("show what would be lost: rows newer than the backup, and migrations since")
    .action(async (options: Options) => {
      const { inputs, context, deadlineSeconds } = prepare(options, surroundings);
      const plan = await planRestore(options.backup, deadlineSeconds, context);
      const approve = approvalCommand(inputs.channel, plan.backup.sha256);
      write(options.json ? json({ ...plan, approve }) : describePlan(inputs.channel, plan));
    });
  common(program.command("run"))
    .description("restore it, if exactly this backup was approved; backs up first what is there")
    .addOption(
      new Option("--lock-within <duration>", "how long to wait for transactions of others to end")
        .argParser(by(durationSeconds))
        .default(30, "30s"),
    )
    .option("--without-backup", "take no backup of what is there: it cannot be had back")
    .option("--reason <text>", "why none is taken; with --without-backup")
    .action(async (options: RunOptions) => {
      if (options.withoutBackup === true && (options.reason ?? "").trim() === "") {
        throw new UserError("A restore without a backup of what is there needs a reason (--reason).");
      }
      const { inputs, context, deadlineSeconds } = prepare(options, surroundings);
      const access = approvers(surroundings.projectDir, inputs);
      const request = {
        backup: options.backup,
        deadlineSeconds,
        lockWithinSeconds: options.lockWithin,
        backupFirst: options.withoutBackup !== true,
      };
      const result = await runRestore(request, inputs, access, context, (lost) => {
        if (!options.json) write(`${describeLoss(lost)}\n`);
      });
      const reason = options.withoutBackup === true ? { withoutBackup: options.reason } : {};
      write(options.json ? json({ ...result, ...reason }) : describeRun(result));
      const { restored, at, ledger } = result.done;
      await told(inputs, { ...restored, at, ledger }, options);
    });
  common(program.command("record"))
    .description("tell the channel again that it was restored, and what its database's ledger says now")
    .action(async (options: Options) => {
      const { inputs, context, deadlineSeconds } = prepare(options, surroundings);
      const { backup, comparedAt, ledger } = await planRestore(options.backup, deadlineSeconds, context);
      const { file, sha256 } = backup;
      await told(inputs, { file, sha256, at: comparedAt, ledger }, options);
    });
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (isUsage(error)) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UnknownOutcome) {
      complain(
        `It is not known whether it was restored: ${error.message}\nLook with: npm run restore -- plan …\nIf it was, tell the channel: npm run restore -- record …\n`,
      );
      return 3;
    }
    if (error instanceof NotRecorded) {
      complain(`${error.message}\n`);
      return 4;
    }
    if (!(error instanceof UserError)) throw error;
    complain(`${error.message}\n`);
    return 1;
  }
}

function common(command: Command): Command {
  return command
    .requiredOption("--channel <stack>", "the stack's name")
    .requiredOption("--backup <file>", "the backup's file in the channel's volume", by(backupFile))
    .addOption(
      new Option(
        "--deadline <duration>",
        "how long each of its Jobs may take (default: four times channel.backup.job.deadline)",
      ).argParser(by(durationSeconds)),
    )
    .option("--json", "print it as JSON");
}

function prepare(
  { channel, deadline }: Options,
  { projectDir, now, interrupted, complain, perform }: Surroundings,
): { inputs: RestoreInputs; context: RestoreContext; deadlineSeconds: number } {
  const inputs = readInputs(projectDir, channel);
  const { section, job } = inputs;
  const context = {
    projectDir,
    now,
    interrupted,
    tell: (line: string) => complain(`${line}\n`),
    perform: perform ?? jobRunner(connect(section.context), section.namespace, channel, job),
  };
  return { inputs, context, deadlineSeconds: deadline ?? 4 * job.deadline };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
