import type { ChannelStatus } from "../../../local/demo/status";
import { answersOf } from "../../../local/demo/summary";
import { labelKeys } from "../../../rollout/labels";
import { type ChannelRecord, channelRecord } from "../../../rollout/record";
import { checkAcknowledged } from "./acknowledged";
import type { TestChannel, Update } from "./channel";
import type { ClosedGate } from "./closed-gates";
import type { CommandResult } from "./command";
import { administrate } from "./database";
import { eventually } from "./eventually";
import { deployments, ending, liveWeights, resourceVersions } from "./kubernetes";
import * as when from "./when";

/** The update succeeded and was this transition, to this weight where one is given. */
export function moved(update: Update, kind: string, weight?: number): void {
  expectExit(update, 0);
  const { before, after } = update;
  expect(after?.transition.id).not.toBe(before?.transition.id);
  expect(after).toMatchObject({
    transition: { kind },
    ...(weight === undefined ? {} : { weight }),
  } satisfies DeepPartial<ChannelStatus>);
}

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] };

/** Exit code 0, and no transition. */
export function held(update: Update, reason: RegExp): void {
  expectExit(update, 0);
  expect(update.after).toEqual(update.before);
  tells(update, reason);
}

/** The gate has kept the update from changing anything, and said why. */
export function keptBy(update: Update, { gate, reason, mayOpen }: ClosedGate): void {
  const told = new RegExp(`${gate}(: | +${mayOpen ? "hold" : "fail"} +).*?${reason.source}`);
  if (mayOpen) held(update, told);
  else refused(update, told);
}

/** Somewhere in what is printed. */
export function tells({ output }: CommandResult, what: RegExp): void {
  expect(unwrapped(output)).toMatch(what);
}

/** The output as one line: a table breaks sentences where its column ends. */
function unwrapped(output: string): string {
  return output.replaceAll(/\s+/g, " ");
}

/** Exit code other than 0, no transition, and the reason in a message without a stack trace. */
export function refused(update: Update, reason: RegExp): void {
  expect(update.exitCode).not.toBe(0);
  expect(update.after).toEqual(update.before);
  says(update, reason);
}

/** A blocked update says that the pack blocked it, and why; neither state nor cluster is another than before. */
export async function packBlocks(channel: TestChannel, reason: RegExp): Promise<void> {
  const blocked = new RegExp(`\\[mandatory\\]  release-gates [\\s\\S]*${reason.source}`);
  await nothingChanges(channel, async () => {
    refused(await when.up(channel), blocked);
    failedClearly(await when.preview(channel), blocked);
  });
}

/** The command failed with one message that a person can act on. */
export function failedClearly(result: CommandResult, message: RegExp): void {
  expect(result.exitCode).toBeGreaterThan(0);
  says(result, message);
}

export function succeeded(result: CommandResult): void {
  expectExit(result, 0);
}

/** Neither a resource in the state nor an object in the cluster is another than before. */
export async function nothingChanges(channel: TestChannel, during: () => Promise<void>): Promise<void> {
  const look = async () => ({
    state: channel.state(),
    objects: await resourceVersions(channel.namespace),
  });
  await settled(channel);
  const before = await look();
  await during();
  expect(await look()).toEqual(before);
}

/** The cluster's own controllers have nothing left to write. */
async function settled(channel: TestChannel): Promise<void> {
  let last = "";
  await eventually(
    async () => {
      const seen = JSON.stringify(await resourceVersions(channel.namespace));
      const same = seen === last && !seen.includes(ending);
      last = seen;
      return same;
    },
    (same) => same,
    () => "the cluster's controllers to come to rest",
  );
}

/**
 * Of the answers from now on, `version` gives this share, within the 99.9 % bounds of a fair draw. Counted over all
 * loads together: a gateway that takes turns can give one of two even loads all that is the candidate's.
 */
export async function shareIs({ loads }: TestChannel, version: string, weight: number): Promise<void> {
  if (loads.length === 0) throw new Error("the channel is not under load");
  const wanted = 300;
  for (const load of loads) await load.mark();
  const slices = await eventually(
    () => Promise.all(loads.map((load) => load.peek())),
    (seen) => seen.every(({ requests }) => requests >= wanted),
    () => `${wanted} requests`,
  );
  const answers = slices
    .flatMap(({ byVersion }) => Object.values(byVersion))
    .reduce((sum, { requests }) => sum + requests, 0);
  const share = weight / 100;
  const deviation = 3.29 * Math.sqrt(answers * share * (1 - share)) + 1;
  const observed = answersOf(version, slices);
  expect(observed).toBeGreaterThanOrEqual(answers * share - deviation);
  expect(observed).toBeLessThanOrEqual(answers * share + deviation);
}

/** Not one of all requests since the load began got lost; returns how many there were. */
export async function noRequestFailed(...channels: TestChannel[]): Promise<number> {
  let requests = 0;
  for (const load of channels.flatMap(({ loads }) => loads)) {
    const total = await load.stop();
    expect(total.failures).toEqual([]);
    expect(total.failed).toBe(0);
    expect(total.requests).toBeGreaterThan(100);
    requests += total.requests;
  }
  return requests;
}

/**
 * Every order that the load got a 201 for is in the database, once, with the values it was placed with; returns how
 * many were looked for.
 */
export async function everyAcknowledgedWriteIsThere(channel: TestChannel): Promise<number> {
  const total = await channel.load?.stop();
  const check = await administrate(
    (client) => checkAcknowledged(client, channel.acknowledged),
    channel.database,
    channel.databaseServer,
  );
  expect(check).toEqual({ checked: total?.byStatus[201], lost: 0, duplicates: 0, examples: [] });
  expect(check.checked).toBeGreaterThan(0);
  return check.checked;
}

/** The record as the state has it. */
export async function recordOf(channel: TestChannel): Promise<ChannelRecord> {
  const resources = Object.entries(channel.state());
  const [, stash] = resources.find(([urn]) => urn.endsWith("::record")) ?? [];
  const { input } = (stash?.outputs ?? {}) as { input?: unknown };
  return channelRecord.parse(input);
}

/** The record claims no more for the candidate than the route had. */
export async function recordIsHonest(channel: TestChannel, weights: Record<string, number>): Promise<void> {
  const { candidate, weight } = await recordOf(channel);
  const live = Object.entries(weights).find(([backend]) => candidate && backend.endsWith(candidate.id));
  expect(weight).toBeLessThanOrEqual(live?.[1] ?? 0);
}

/** The live route gives the candidate exactly what the record says. */
export async function routeFollowsRecord(channel: TestChannel): Promise<void> {
  const { baseline, candidate, weight } = await recordOf(channel);
  const names =
    candidate === null ? { [baseline.id]: 100 } : { [baseline.id]: 100 - weight, [candidate.id]: weight };
  const live = Object.entries(await liveWeights(channel.namespace));
  expect(Object.fromEntries(live.map(([backend, share]) => [backend.replace("api-", ""), share]))).toEqual(
    names,
  );
}

/** An update and a preview find nothing to do, and a preview after a refresh neither. */
export async function updatesAreIdle(channel: TestChannel): Promise<void> {
  await nothingChanges(channel, async () => {
    succeeded(await when.preview(channel, "--expect-no-changes"));
    succeeded(await when.up(channel, "--expect-no-changes"));
  });
  await when.refreshed(channel);
  succeeded(await when.preview(channel, "--expect-no-changes"));
}

/** Nothing is left in the cluster of any other version, once its pods have ended. */
export async function onlyVersionLeftIs(channel: TestChannel, version: string): Promise<void> {
  await eventually(
    async () =>
      (await deployments(channel.namespace)).map(({ metadata }) => metadata?.labels?.[labelKeys.version]),
    (versions) => versions.length > 0 && versions.every((seen) => seen === version),
    (versions) => `Deployments of ${version} only; there are those of ${versions.join(", ")}`,
  );
}

function expectExit({ exitCode, output }: CommandResult, wanted: number): void {
  if (exitCode !== wanted) {
    throw new Error(`expected exit code ${wanted}, but it was ${exitCode}:\n${output}`);
  }
}

function says({ output }: CommandResult, message: RegExp): void {
  expect(output).toMatch(message);
  expect(output).not.toMatch(/^\s+at (\S.* \()?\S+:\d+:\d+\)?$/m);
}
