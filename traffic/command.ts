import { text as readText } from "node:stream/consumers";
import { z } from "zod";
import { filled, type Placeholder } from "../config/schemas/command-adapter";
import { objectName } from "../rollout/release";
import { withoutSecrets } from "../rollout/secret-text";
import { type Ended, runArgv } from "./argv";

const argv = z.array(z.string()).min(1);

/** How a channel's commands are called, and for which channel. */
const calls = z.object({
  commands: z.object({
    apply: argv,
    read: argv,
    dryRun: argv.optional(),
    timeoutSeconds: z.number(),
  }),
  scope: z.object({
    product: z.string(),
    channel: z.string(),
    namespace: z.string(),
    hostname: z.string(),
  }),
});
export type CommandCalls = z.infer<typeof calls>;

const share = z.object({ release: z.string(), weight: z.int().min(0).max(100) });
type Share = z.infer<typeof share>;

const commandRequest = calls.extend({
  /** Id of the transition that gives these weights. */
  id: z.string(),
  /** Whether the candidate's share is only lowered: then nothing is waited for, and nothing put back. */
  goesBack: z.boolean(),
  /** Of each service one release, or the baseline and then the candidate. */
  services: z.array(z.object({ service: z.string(), weights: z.array(share).min(1).max(2) })),
});
export type CommandRequest = z.infer<typeof commandRequest>;
type Service = CommandRequest["services"][number];

/** Service → release id → share in percent. */
export type ReadWeights = Readonly<Record<string, Readonly<Record<string, number>>>>;

const printed = z.strictObject({
  services: z.record(z.string().min(1), z.record(z.string().min(1), z.number().min(0))),
});

/** What the channel's `read` prints of all services, as shares that sum to 100; or what is wrong with it. */
export async function readWeights(
  { commands, scope }: CommandCalls,
  folder: string,
): Promise<{ weights: ReadWeights } | { problem: string }> {
  const { timeoutSeconds } = commands;
  const { stdout, problem } = await runArgv(filled(commands.read, scope), { folder, timeoutSeconds });
  const what = "The command `read` (key channel.gateway.command.read)";
  if (problem !== null) return { problem: `${what} ${problem}` };
  const read = printed.safeParse(parsed(stdout));
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    return {
      problem: `${what} printed ${JSON.stringify(withoutSecrets(stdout.slice(0, 4096)).slice(0, 80))}, expected JSON such as {"services": {"api": {"<release id>": 100}}} (${where}${issue?.message})`,
    };
  }
  const weights = Object.entries(read.data.services)
    .filter(([, shares]) => Object.keys(shares).length > 0)
    .map(([service, shares]) => [service, ofHundred(shares)]);
  return { weights: Object.fromEntries(weights) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In percent; a part as small as an error of rounding is none. */
function percent(part: number): number {
  return Math.round(part * 1e8) / 1e6;
}

function ofHundred(shares: Readonly<Record<string, number>>): Record<string, number> {
  const total = Object.values(shares).reduce((sum, weight) => sum + weight, 0);
  return Object.fromEntries(
    Object.entries(shares).map(([release, weight]) => [release, total === 0 ? 0 : percent(weight / total)]),
  );
}

/**
 * Gives every service its weights by the channel's own commands. On the way up it runs nothing for one that has them
 * already, and where it fails, what was live before is given again. On the way back it does not even ask what is live:
 * every service is tried, whatever happens to the others, and no share is put back, which would be a raise.
 * @returns what was asked for, service → release id → weight
 * @throws when it failed; the message says what, what is live again, and what the command itself said.
 */
export async function giveWeights(request: CommandRequest, folder: string): Promise<ReadWeights> {
  await (request.goesBack ? giveBack : giveOrRestore)(request, folder);
  return Object.fromEntries(request.services.map(({ service, weights }) => [service, recordOf(weights)]));
}

async function giveOrRestore(request: CommandRequest, folder: string): Promise<void> {
  const before = await readWeights(request, folder);
  if ("problem" in before) throw new Error(`${before.problem}\nNothing was applied.`);
  const live = before.weights;
  const due = request.services.filter((service) => !hasWeights(live, service));
  if (due.length === 0) return;
  for (const service of request.commands.dryRun === undefined ? [] : due) {
    const { problem } = await run("dryRun", request, service, folder);
    if (problem !== null) throw new Error(`${told("dryRun", service, problem)}\nNothing was applied.`);
  }
  const touched: Service[] = [];
  const putBack = async (why: string) =>
    new Error([why, ...(await restore(request, touched, live, folder)), wayOut].join("\n"));
  for (const service of due) {
    touched.unshift(service);
    const { problem } = await run("apply", request, service, folder);
    if (problem !== null) throw await putBack(told("apply", service, problem));
  }
  const after = await readWeights(request, folder);
  if ("problem" in after) throw await putBack(after.problem);
  const other = due.find((service) => !hasWeights(after.weights, service));
  if (other === undefined) return;
  const seen = describe(after.weights[other.service] ?? {});
  const why = `succeeded, but \`read\` then says ${seen}`;
  throw await putBack(told("apply", other, why));
}

const wayOut =
  "Nothing was scaled down and the record stays as it was; `pulumi up` tries again, and setting the version back rolls back.";

/** One line for each service that a command may have changed. */
async function restore(
  request: CommandRequest,
  touched: readonly Service[],
  live: ReadWeights,
  folder: string,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { service, weights } of touched) {
    const previous = previousOf(live[service] ?? {}, weights);
    if (previous === null) {
      lines.push(`${service}: nothing that could be given again was live before it`);
      continue;
    }
    const { problem } = await run("apply", request, { service, weights: previous }, folder);
    const shares = describe(recordOf(previous));
    lines.push(
      problem === null
        ? `${service}: given again what it had, ${shares}`
        : `${service}: NOT given again what it had, ${shares}: apply ${problem}`,
    );
  }
  return lines;
}

/** In whole numbers, the candidate's rounded down; null where it was not one release, or two. */
function previousOf(live: Readonly<Record<string, number>>, asked: readonly Share[]): Share[] | null {
  const order = asked.map(({ release }) => release);
  // A release that is not asked for any more was the baseline, which comes first.
  const releases = Object.keys(live).sort((left, right) => order.indexOf(left) - order.indexOf(right));
  const [first, second, ...more] = releases;
  const total = Object.values(live).reduce((sum, weight) => sum + weight, 0);
  if (first === undefined || more.length > 0 || total === 0) return null;
  if (second === undefined) return [{ release: first, weight: 100 }];
  const weight = Math.floor(live[second] ?? 0);
  return [
    { release: first, weight: 100 - weight },
    { release: second, weight },
  ];
}

async function giveBack(request: CommandRequest, folder: string): Promise<void> {
  const failures: string[] = [];
  for (const service of request.services) {
    const { problem } = await run("apply", request, service, folder);
    if (problem !== null) failures.push(told("apply", service, problem));
  }
  if (failures.length === 0) return;
  const wayOn = "The other services were given theirs; no share was raised again. `pulumi up` tries again.";
  throw new Error([...failures, wayOn].join("\n"));
}

function run(
  which: "apply" | "dryRun",
  { id, commands, scope }: CommandRequest,
  { service, weights }: Service,
  folder: string,
): Promise<Ended> {
  const [baseline, candidate = baseline] = weights;
  if (baseline === undefined || candidate === undefined) throw new Error(`${service} has no weights`);
  const values: Record<Placeholder, string> = {
    ...scope,
    service,
    id,
    baseline: baseline.release,
    baselineBackend: objectName(service, { id: baseline.release }),
    baselineWeight: String(100 - candidate.weight),
    candidate: candidate.release,
    candidateBackend: objectName(service, { id: candidate.release }),
    weight: String(candidate.weight),
  };
  process.stderr.write(`${which} of ${service}: ${describe(recordOf(weights))}\n`);
  return runArgv(filled(commands[which] ?? [], values), { folder, timeoutSeconds: commands.timeoutSeconds });
}

function told(which: "apply" | "dryRun", { service, weights }: Service, how: string): string {
  const asked = describe(recordOf(weights));
  return `The command \`${which}\` (key channel.gateway.command.${which}), asked to give ${service} ${asked}, ${how}`;
}

function hasWeights(live: ReadWeights, { service, weights }: Service): boolean {
  const [seen, asked] = [live[service] ?? {}, recordOf(weights)];
  return [...Object.keys(seen), ...Object.keys(asked)].every(
    (release) => (seen[release] ?? 0) === (asked[release] ?? 0),
  );
}

function recordOf(weights: readonly Share[]): Record<string, number> {
  return Object.fromEntries(weights.map(({ release, weight }) => [release, weight]));
}

function describe(shares: Readonly<Record<string, number>>): string {
  const texts = Object.entries(shares).map(([release, weight]) => `${release} ${weight} %`);
  return texts.join(", ") || "nothing";
}

async function main(): Promise<void> {
  const request = commandRequest.parse(JSON.parse(await readText(process.stdin)));
  const services = await giveWeights(request, process.cwd());
  process.stdout.write(JSON.stringify({ id: request.id, services }));
}

if (process.argv[1]?.endsWith("traffic/command.ts")) {
  main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
