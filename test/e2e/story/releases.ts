import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestChannel } from "./channel";
import { eventually } from "./eventually";
import * as verify from "./verify";
import * as when from "./when";

const stages = [10, 30, 100];

/**
 * Takes a channel from version to version under its load: each is rolled back from every stage before it is rolled
 * out, and the shares are looked at after every transition. Ends when at least that many requests were sent.
 */
export async function keepComing(
  channel: TestChannel,
  [baseline, ...versions]: [string, ...string[]],
  requests: number,
): Promise<void> {
  let attempt = 0;
  let live = baseline;
  for (const version of versions) {
    for (const last of stages) {
      await stageReached(channel, version, last, ++attempt);
      when.versionIsSet(channel, live);
      verify.moved(await when.up(channel), "rollback", 0);
      await verify.shareIs(channel, live, 100);
      verify.moved(await when.up(channel), "finalize");
      await verify.onlyVersionLeftIs(channel, live);
    }
    await stageReached(channel, version, 100, ++attempt);
    verify.moved(await when.upOnceOpen(channel), "finalize");
    await verify.shareIs(channel, version, 100);
    live = version;
  }
  await eventually(
    () => sent(channel),
    (count) => count >= requests,
    (count) => `${requests} requests; they are ${count}`,
    300,
  );
}

async function stageReached(
  channel: TestChannel,
  version: string,
  last: number,
  attempt: number,
): Promise<void> {
  when.versionIsSet(channel, version);
  channel.set({ attempt: String(attempt), reason: `try ${attempt}` });
  for (const weight of stages.filter((stage) => stage <= last)) {
    verify.moved(await when.upOnceOpen(channel), weight === 10 ? "start" : "advance", weight);
    await verify.shareIs(channel, version, weight);
  }
}

async function sent({ loads }: TestChannel): Promise<number> {
  const totals = await Promise.all(loads.map((load) => load.total()));
  return totals.reduce((sum, { requests }) => sum + requests, 0);
}

/** A release file like that of another version, under a version of its own. */
export function patchOf({ releasesDir }: TestChannel, version: string, patch: string): void {
  const file = readFileSync(join(releasesDir, `${version}.yaml`), "utf8");
  writeFileSync(join(releasesDir, `${patch}.yaml`), file.replace(`version: ${version}`, `version: ${patch}`));
}
