import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { stringify } from "yaml";
import { z } from "zod";
import { by, isUsage } from "../../config/load/arguments";
import { loadPolicies, readAccess } from "../../config/load/policies";
import { UserError } from "../../config/load/problems";
import { loadStackFile } from "../../config/load/stack-file";
import type { AccessPolicy } from "../../config/schemas/access";
import { type Cluster, connect } from "../../observe/kubernetes";
import type { EvidenceHead } from "../../rollout/record";
import { publicHalf, signingOf, trustedKeys } from "../chain/keys";
import { manifestOf } from "../chain/manifest";
import { transitionStatement } from "../chain/statement";
import { type Audit, auditChain, type KnownHead } from "../chain/verify";
import { describeAudit, describeList, describeManifest, describeProblem } from "./describe";
import { type FoundEvidence, readExport, writeExport } from "./exported";
import { headInState, readLive } from "./live";

/** Where the command works, and what it writes to. */
export interface Surroundings {
  projectDir: string;
  environment: NodeJS.ProcessEnv;
  now: Date;
  write(text: string): void;
  complain(text: string): void;
  /** The cluster of a kubeconfig's context; by the kubeconfig where it is left out. */
  cluster?(context: string | undefined): Cluster;
}

interface Options {
  channel?: string;
  file?: string;
  access?: string;
  head?: EvidenceHead;
  state?: true;
  json?: true;
}

const defaultChannel = "canary";

const examples = `
Examples:
  npm run audit -- verify --channel stable
  npm run audit -- export --channel stable --out stable-evidence.jsonl
  npm run audit -- verify --file stable-evidence.jsonl --access access.yaml --head 12:4d1c…
  npm run audit -- show --channel stable
  npm run audit -- manifest --channel stable --candidate 1.1.0-rc.2

Exit codes: 0 done, and the evidence verifies; 1 it does not, or there is none of what was asked for; 2 wrong usage, or
it could not be read.`;

/** @returns the exit code, as the help says */
export async function runAudit(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { write, complain, projectDir, now, environment } = surroundings;
  let code = 0;
  const program = new Command("npm run audit --")
    .description(
      "What every transition of a channel has left as evidence, and whether that can be relied on.",
    )
    .addHelpText("after", examples)
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: complain });
  const audited = async (options: Options) => {
    const all = await auditOf(options, surroundings);
    if (all.audit.problems.length > 0) code = 1;
    return all;
  };
  const warned = async (options: Options) => {
    const all = await audited(options);
    for (const problem of all.audit.problems) complain(`${describeProblem(problem)}\n`);
    return all;
  };
  common(program.command("verify"))
    .description("find what was removed, moved, edited, forked, or signed by nobody who may")
    .action(async (options: Options) => {
      const { found, heads, audit } = await audited(options);
      const { product, channel } = found;
      const { problems, notes, statements } = audit;
      const verified = problems.length === 0;
      const plain = { product, channel, verified, count: statements.length, heads, problems, notes };
      write(options.json ? json(plain) : describeAudit(product, channel, audit));
    });
  common(program.command("export"))
    .description("write all of it to one file of JSON lines, to be verified anywhere")
    .option("--out <file>", "the file (default: standard output)")
    .action(async ({ out, ...options }: Options & { out?: string }) => {
      const { found } = await warned(options);
      const text = writeExport(found, now);
      if (out === undefined) return write(text);
      writeTo(resolve(projectDir, out), out, text);
      const { stored, product, channel } = found;
      const { length } = stored;
      write(
        options.json ? json({ file: out, count: length }) : `${out}: ${length} of ${product}/${channel}\n`,
      );
    });
  common(program.command("show"))
    .description("show one line for each transition, or one of them in full")
    .argument("[which]", "its sequence, or the id of its transition")
    .action(async (which: string | undefined, options: Options) => {
      const { audit } = await warned(options);
      const { statements } = audit;
      if (which === undefined) return write(options.json ? json(statements) : describeList(audit));
      const one = statements.find(
        ({ sequence, statement }) =>
          String(sequence) === which || statement.predicate.transition.id === which,
      );
      if (one === undefined) throw new NotThere(`There is no evidence ${which}.`);
      write(json(one));
    });
  common(program.command("manifest"))
    .description("show what each gate let a release candidate through by, with the sha256 of every file")
    .requiredOption("--candidate <id>", "its release_candidate_id, as its reports have it")
    .action(async ({ candidate, ...options }: Options & { candidate: string }) => {
      const { audit } = await warned(options);
      const manifest = manifestOf(candidate, audit);
      if (manifest === null) {
        throw new NotThere(`No evidence names the release candidate ${candidate}.`);
      }
      const verified = audit.problems.length === 0;
      write(options.json ? json({ verified, ...manifest }) : describeManifest(manifest));
    });
  program
    .command("key")
    .description(
      "show the id of the key in RELEASE_EVIDENCE_KEY_FILE or RELEASE_EVIDENCE_KEY, and its entry for the access file",
    )
    .action(async () => {
      const signing = await signingOf(environment, projectDir);
      if (signing.key === null) throw new UserError(`There is no key to show: ${signing.why}`);
      const entry = { evidence: { keys: [{ ed25519: publicHalf(signing.key), from: now.toISOString() }] } };
      write(`# ${signing.key.id}\n${stringify(entry)}`);
    });
  program
    .command("schema")
    .description("print the JSON Schema of a statement")
    .action(() => write(json(z.toJSONSchema(transitionStatement))));
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (isUsage(error)) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UserError)) throw error;
    complain(`${error.message}\n`);
    return error instanceof NotThere ? 1 : 2;
  }
}

/** What was asked for is not among the evidence. */
class NotThere extends UserError {}

const headText = z
  .string()
  .regex(/^[1-9]\d*:[0-9a-f]{64}$/, { error: "expected <sequence>:<sha256>, as `verify` prints them" })
  .transform((text): EvidenceHead => {
    const [sequence = "", sha256 = ""] = text.split(":");
    return { sequence: Number(sequence), sha256 };
  });

function common(command: Command): Command {
  return command
    .option("--channel <stack>", `the stack's name (default: ${defaultChannel}; of an export its own)`)
    .option("--file <file>", "an export, instead of the channel's cluster")
    .option("--access <file>", "access file with the keys to believe (default: the channel's)")
    .option("--head <sequence:sha256>", "the newest evidence, as somebody else has noted it", by(headText))
    .option("--state", "also ask the stack's state (pulumi stack export)")
    .option("--json", "print it as JSON");
}

async function auditOf(
  options: Options,
  surroundings: Surroundings,
): Promise<{ found: FoundEvidence; heads: KnownHead[]; audit: Audit }> {
  const { projectDir } = surroundings;
  const found = await find(options, surroundings);
  const { product, channel, stored } = found;
  const noted = options.head === undefined ? [] : [{ by: "--head", head: options.head }];
  const heads = [...noted, ...found.heads];
  const access = accessOf(options, channel, projectDir);
  const chain = {
    ...{ product, channel, heads },
    keys: await trustedKeys(access),
    required: access?.evidence?.required ?? false,
  };
  return { found, heads, audit: auditChain(stored, chain) };
}

/** Records are asked before what they name: what a running update leaves meanwhile is beyond them, and not missing. */

async function find(
  { channel, file, state }: Options,
  { projectDir, cluster = connect }: Surroundings,
): Promise<FoundEvidence> {
  const remembered = async (stack: string) => (state ? [await headInState(stack, projectDir)] : []);
  if (file === undefined) {
    const stack = channel ?? defaultChannel;
    const { channel: section } = loadStackFile(projectDir, stack);
    const heads = await remembered(stack);
    const found = await readLive(cluster(section.context), stack, section);
    return { ...found, heads: [...heads, ...found.heads] };
  }
  const found = readExport(readNeeded(projectDir, file), file);
  if (channel !== undefined && channel !== found.channel) {
    throw new UserError(
      `${file} is of ${found.product}/${found.channel}, and --channel asks for ${channel}.`,
    );
  }
  return { ...found, heads: [...(await remembered(found.channel)), ...found.heads] };
}

/** Who reads an export need not have the channel's files: then only what is said by --access is believed. */
function accessOf({ access, file }: Options, channel: string, projectDir: string): AccessPolicy | null {
  if (access !== undefined) return readAccess(projectDir, access);
  try {
    return loadPolicies(projectDir, loadStackFile(projectDir, channel).channel).access();
  } catch (error) {
    if (file !== undefined && error instanceof UserError) return null;
    throw error;
  }
}

function readNeeded(projectDir: string, file: string): string {
  try {
    return readFileSync(resolve(projectDir, file), "utf8");
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function writeTo(path: string, shownAs: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError(`${shownAs} cannot be written: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
