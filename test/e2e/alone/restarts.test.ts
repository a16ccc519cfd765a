import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { runningProcesses } from "../../../local/cluster/process";
import { projectDir } from "../../../local/settings";
import type { TestChannel } from "../story/channel";
import * as given from "../story/given";
import { begins, type Moment, routeShows } from "../story/moments";
import { story } from "../story/story";
import * as verify from "../story/verify";
import * as when from "../story/when";

/** A part of the cluster ends without any chance to tidy up, at a moment of an update, and comes back. */
async function isKilledDuringUpdate(channel: TestChannel, part: string, moment: Moment): Promise<void> {
  const update = await when.updateReaches(channel, moment);
  expect(update.ended).toBe(false);
  signal(part, "SIGKILL");
  await promisify(execFile)("make", ["cluster"], { cwd: projectDir });
  await update.result;
  await when.lockIsCancelled(channel);
}

function signal(part: string, name: NodeJS.Signals): void {
  const processes = runningProcesses().filter((process) => process.name === part);
  expect(processes).not.toEqual([]);
  for (const { pid } of processes) process.kill(pid, name);
}

describe("a part of the cluster that ends in the middle of an advance", () => {
  story("the API server: no request fails, and the next update goes on", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    await when.gatesAreOpen(canary);
    await isKilledDuringUpdate(canary, "kube-apiserver", begins("kubernetes:apps/v1:Deployment"));
    await when.rolloutReaches(canary, 30);
    await verify.routeFollowsRecord(canary);
    await verify.shareIs(canary, "1.1.0", 30);
    await when.rolloutIsCompleted(canary);
    await verify.shareIs(canary, "1.1.0", 100);
    await verify.noRequestFailed(canary);
  });

  story("the gateway: only while it is down requests fail, and the next update goes on", async (world) => {
    const canary = await given.rolloutBegun(world, "1.0.0", "1.1.0");
    await when.gatesAreOpen(canary);
    await canary.load?.mark();
    await isKilledDuringUpdate(canary, "traefik", routeShows("1.1.0", 30));
    const downtime = await canary.load?.mark();
    expect(downtime?.failed).toBeGreaterThan(0);
    await when.rolloutReaches(canary, 30);
    await verify.routeFollowsRecord(canary);
    await when.rolloutIsCompleted(canary);
    await verify.shareIs(canary, "1.1.0", 100);
    const total = await canary.load?.stop();
    expect(total?.failed).toBe(downtime?.failed);
  });
});
