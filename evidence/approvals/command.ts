import { Command, InvalidArgumentError, Option } from "commander";
import { by, isUsage } from "../../config/load/arguments";
import { loadPolicies } from "../../config/load/policies";
import { UserError } from "../../config/load/problems";
import { loadStackFile } from "../../config/load/stack-file";
import { durationSeconds } from "../../config/schemas/duration";
import { longestOverrideSeconds, overridable } from "../../policies/gates/override";
import { table } from "../../rollout/table";
import { missingRoles } from "./asked-roles";
import { scope } from "./decision";
import { readApprovals } from "./folder";
import { generateKey, type KeyRequest } from "./keygen";
import { approveStep, overrideGate, type SignContext, type Signed, type SignRequest } from "./sign";

/** Where the command works, and what it writes to. */
export interface Surroundings extends SignContext {
  write(text: string): void;
  complain(text: string): void;
}

const examples = `
Examples:
  npm run approve -- keygen --name "Ann Smith" --key-id ann-2026 --out ~/.release/ann.pem
  npm run approve -- sign --channel stable --version 2.0.0 --scope start --key-file ~/.release/ann.pem
  npm run approve -- override --channel stable --gate change-window --reason "incident 4711" --expires 2h
  npm run approve -- list --channel stable

The signed file counts once it lies in the channel's approvals folder, for exactly this channel, version and
release file, until it expires. Exit codes: 0 done, 1 refused, 2 wrong usage.`;

/** @returns the exit code: 0 done, 1 refused with a message, 2 wrong usage */
export async function runApprove(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { write, complain, ...context } = surroundings;
  const program = new Command("npm run approve --")
    .description("Sign that a release may go on, or that a gate is passed for a while.")
    .addHelpText("after", examples)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: complain });
  const tell = (what: string, signed: Signed) => {
    write(describeSigned(what, signed));
    for (const warning of signed.warnings) complain(`Warning: ${warning}\n`);
  };
  signing(program.command("sign"), "7d")
    .description("approve one step of one release")
    .requiredOption(
      "--scope <scope>",
      "start, finalize, contract, low-traffic, hotfix, a weight such as 30, or restore:<channel>:<sha256>",
      by(scope),
    )
    .action(async (options: SignRequest & { scope: string }) =>
      tell(`approval of ${options.scope}`, await approveStep(options, context)),
    );
  signing(program.command("override"), "4h")
    .description("let one gate be passed for a while, in your name")
    .requiredOption("--gate <gate>", `one of ${overridable.join(", ")}`, gate)
    .requiredOption("--reason <text>", "why; it is kept in the record")
    .action(async (options: SignRequest & { gate: string; reason: string }) => {
      if (options.reason.trim() === "") throw new UserError("An override needs a reason (--reason).");
      if (options.expires > longestOverrideSeconds) {
        throw new UserError(`An override lasts ${longestOverrideSeconds / 3600} h at most (--expires).`);
      }
      tell(`override of ${options.gate}`, await overrideGate(options, context));
    });
  program
    .command("keygen")
    .description("make an ed25519 key, and print the entry of the access file for it")
    .requiredOption("--out <file>", "where to write the private key (PKCS #8, PEM); never over another file")
    .requiredOption("--name <name>", "whose key it is")
    .requiredOption("--key-id <id>", "how signatures refer to it, as in ann-2026")
    .action(({ out, ...options }: Omit<KeyRequest, "file"> & { out: string }) => {
      const entry = generateKey({ ...options, file: out });
      complain(
        `${out}: written. Keep it to yourself. For the access file, with the roles added in review:\n`,
      );
      write(entry);
    });
  program
    .command("list")
    .description("show every file of the approvals folder, and whether it can be believed")
    .requiredOption("--channel <stack>", "the stack's name")
    .action(async ({ channel }: { channel: string }) => write(await describeFolder(channel, context)));
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (isUsage(error)) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UserError)) throw error;
    complain(`${error.message}\n`);
    return 1;
  }
}

function signing(command: Command, expires: string): Command {
  return command
    .requiredOption("--channel <stack>", "the stack's name")
    .option("--version <version>", "the release (default: what the channel asks for)")
    .addOption(
      new Option("--expires <duration>", "how long it holds, as in 30m, 4h or 7d")
        .argParser(by(durationSeconds))
        .default(durationSeconds.parse(expires), expires),
    )
    .option(
      "--key-file <file>",
      "private key in PEM (default: RELEASE_SIGNING_KEY_FILE, or the key itself in RELEASE_SIGNING_KEY)",
    );
}

function gate(name: string): string {
  if (overridable.includes(name)) return name;
  throw new InvalidArgumentError(
    `There is no such gate, or nobody may override it; there are ${overridable.join(", ")}.`,
  );
}

function describeSigned(
  what: string,
  { file, channel, version, hash, by: signer, roles, expiresAt }: Signed,
): string {
  return [
    `${file}: ${what}, ${version} in ${channel}`,
    `  release file  sha256 ${hash}`,
    `  signed by     ${signer} (${roles.join(", ") || "no role"})`,
    `  holds until   ${expiresAt}`,
    "",
  ].join("\n");
}

const listWidths = [10, 18, 14, 20, 36];

async function describeFolder(channel: string, { projectDir, now }: SignContext): Promise<string> {
  const { channel: section } = loadStackFile(projectDir, channel);
  const access = loadPolicies(projectDir, section).access();
  if (access === null) {
    throw new UserError(
      `The channel ${channel} names no access file (key channel.access). How to write one: docs/gates/human.md.`,
    );
  }
  const { folder } = section.approvals;
  const found = await readApprovals(projectDir, folder, access);
  if (found.status !== "known") throw new UserError(`${folder} cannot be read.`);
  const holds = (expiresAt: string) =>
    `${now.getTime() < Date.parse(expiresAt) ? "until" : "expired at"} ${expiresAt}`;
  const rows = [
    ...found.approvals.map((one) => [
      "approval",
      `${one.version} ${one.channel}`,
      one.scope,
      one.by,
      holds(one.expiresAt),
    ]),
    ...found.overrides.map((one) => [
      "override",
      `${one.version} ${one.channel}`,
      one.gate,
      one.by,
      holds(one.expiresAt),
    ]),
    ...found.rejected.map(({ file, problem }) => ["rejected", "", "", "", `${file}: ${problem}`]),
  ];
  const signed =
    rows.length === 0
      ? [`${folder}: nothing is signed.`]
      : table(listWidths, [["kind", "release", "for", "by", ""], ...rows]);
  const missing = missingRoles(section, access).map(
    ({ role, key }) => `Nobody in ${section.access} has the role ${role} (key ${key}).`,
  );
  return `${[...signed, ...new Set(missing)].join("\n")}\n`;
}
